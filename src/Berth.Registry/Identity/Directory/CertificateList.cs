using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Berth.Metadata;

namespace Berth.Registry.Identity.Directory;

/// <summary>The certificates of an application, which are given as a whole: what is not in the list that was sent is removed.</summary>
internal sealed class CertificateList(ICredentials credentials, TimeProvider time)
{
    private const int MostCertificates = 10;
    private const int MinKeyBits = 2048;
    private const int MaxKeyText = 32 * 1024;

    /// <summary>Replaces the certificates by those in the body's <c>keyCredentials</c>; without that property they stay.</summary>
    /// <exception cref="GraphException">One of them cannot prove anything; nothing was changed.</exception>
    public async Task ReplaceAsync(PrincipalRecord record, GraphBody body, GraphCall call)
    {
        if (body.Objects("keyCredentials", MostCertificates) is not { } sent) return;

        var standing = (await credentials.ListCredentialsAsync(record.Id, call.Aborted)).Where(c => c.Kind == CredentialKind.Certificate).ToList();
        var kept = new HashSet<string>();
        var added = new List<CredentialRecord>();
        foreach (var item in sent)
        {
            var wanted = item.Has("key") ? Read(item) : null;
            if (standing.Find(c => wanted is null ? c.KeyId == item.RawText("keyId") : c.Thumbprint == wanted.Thumbprint) is { } same) kept.Add(same.KeyId);
            else if (wanted is null) throw item.Missing("key");
            else if (added.TrueForAll(other => other.Thumbprint != wanted.Thumbprint)) added.Add(wanted);
        }

        foreach (var certificate in added)
        {
            if (await credentials.PutCredentialAsync(record.Id, certificate, call.Caller, call.Aborted) is var outcome && outcome != CreateOutcome.Created)
                throw ApplicationCredentialCalls.NotAdded(outcome, record);
        }

        foreach (var old in standing.Where(c => !kept.Contains(c.KeyId)))
            await credentials.RemoveCredentialAsync(record.Id, old.KeyId, call.Caller, call.Aborted);
    }

    private CredentialRecord Read(GraphBody item)
    {
        if (item.Text("type") is { } type && type != "AsymmetricX509Cert") throw GraphException.BadRequest("The property 'keyCredentials.type' must be 'AsymmetricX509Cert'.");
        if (item.Text("usage") is { } usage && usage != "Verify") throw GraphException.BadRequest("The property 'keyCredentials.usage' must be 'Verify'.");

        using var certificate = Load(item.RawText("key")!);
        using var key = certificate.GetRSAPublicKey();
        if (key is null || key.KeySize < MinKeyBits)
            throw GraphException.BadRequest($"The certificate in 'keyCredentials.key' must hold an RSA key of {MinKeyBits} bits at least.");
        var end = new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);
        if (end <= time.GetUtcNow()) throw GraphException.BadRequest($"The certificate in 'keyCredentials.key' ended on {end:yyyy-MM-dd}; make a new one.");
        if (item.Time("endDateTime") is { } asked && asked < end) end = asked;
        if (end <= time.GetUtcNow()) throw GraphException.BadRequest("The property 'keyCredentials.endDateTime' has passed.");

        return new CredentialRecord(Guid.CreateVersion7(time.GetUtcNow()).ToString(), CredentialKind.Certificate, time.GetUtcNow())
        {
            DisplayName = item.Text("displayName") ?? GraphException.Shorten(certificate.Subject),
            Thumbprint = certificate.Thumbprint,
            Certificate = certificate.RawData,
            ExpiresAt = end,
        };
    }

    private static X509Certificate2 Load(string text)
    {
        try
        {
            if (text.Length <= MaxKeyText) return X509CertificateLoader.LoadCertificate(Convert.FromBase64String(text));
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            // Said below.
        }

        throw GraphException.BadRequest("The property 'keyCredentials.key' must be an X.509 certificate in base64.");
    }
}
