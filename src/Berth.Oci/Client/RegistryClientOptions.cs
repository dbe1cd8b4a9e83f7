using System.Collections.Immutable;

namespace Berth.Oci.Client;

/// <summary>Settings of a <see cref="RegistryClient"/>.</summary>
public sealed record RegistryClientOptions
{
    /// <summary>Who the client is; null means anonymous, which is the default.</summary>
    public RegistryCredential? Credential { get; init; }

    /// <summary>
    /// Hosts of authorities that may be shown the credential although they are neither the registry's own host nor in its parent domain, such
    /// as <c>auth.docker.io</c> for Docker Hub. Empty by default: a registry cannot send the credential wherever it likes.
    /// </summary>
    public ImmutableArray<string> AuthorityHosts { get; init; } = [];

    /// <summary>How long a download may stand still before it fails. Default 60 seconds, the registry's own stall limit.</summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the answer to a request without content may take to begin. Default 100 seconds, HttpClient's own.</summary>
    public TimeSpan ResponseLimit { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>How often an interrupted upload of a seekable stream goes on where the registry stopped. Default 3.</summary>
    public int UploadResumptions { get; init; } = 3;

    /// <summary>How a registry's wish to be asked later is followed. Content that cannot be made again is not sent again: its request fails with the wait in the exception.</summary>
    public RetryWaits Waits { get; init; } = new();

    /// <summary>What is sent as <c>User-Agent</c>. Default <c>berth</c>.</summary>
    public string UserAgent { get; init; } = "berth";

    /// <summary>The clock for token lifetimes and stall limits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
