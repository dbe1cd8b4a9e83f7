using System.ComponentModel.DataAnnotations;

namespace Berth.Server.Configuration;

/// <summary>Settings of certificates.</summary>
internal sealed record TlsOptions
{
    /// <summary>
    /// Your own certificate: a PEM file with the certificate first and the chain after it, or a PFX file (<c>.pfx</c>, <c>.p12</c>). Without
    /// it Berth makes a local CA and a certificate in the data folder.
    /// </summary>
    public string? Certificate { get; init; }

    /// <summary>The PEM file with your certificate's private key. Default: it stands in the certificate's file.</summary>
    public string? Key { get; init; }

    /// <summary>The password of the PFX file or of the encrypted key.</summary>
    [Secret]
    public string? Password { get; init; }

    /// <summary>How often the certificate's files are looked at for a change. Default 10 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan ReloadInterval { get; init; } = TimeSpan.FromSeconds(10);
}
