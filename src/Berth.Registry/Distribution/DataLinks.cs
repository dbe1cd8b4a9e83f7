using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Berth.Registry.Lifecycle;

namespace Berth.Registry.Distribution;

/// <summary>
/// The links that a registry with a dedicated data endpoint sends readers of blobs to. One names a blob, whom it was given to at which security epoch, and its
/// end, and is good for nothing else; what that principal may do is decided anew when it comes.
/// </summary>
internal sealed class DataLinks(LinkKeys keys, DistributionOptions options, LifecycleOptions lifecycle, TimeProvider time)
{
    /// <summary>The query parameter.</summary>
    public const string Parameter = "link";

    private const byte Version = 1;
    private const int KeyIdBytes = 16;
    private const int HeadBytes = 1 + KeyIdBytes + (3 * sizeof(long));
    private const int Bytes = HeadBytes + HMACSHA256.HashSizeInBytes;

    // Bytes are promised for half the grace from now on: they outlive the link.
    private TimeSpan Lifetime => options.DataLinkLifetime < lifecycle.Grace / 4 ? options.DataLinkLifetime : lifecycle.Grace / 4;

    /// <summary>A link's text for somebody who may read the blob; it ends with their credential at the latest. Null while there is no key to sign it with.</summary>
    public async ValueTask<string?> MakeAsync(DistributionRequest request, Digest digest)
    {
        if (await keys.FindCurrentAsync(request.Aborted) is not { } key) return null;
        var until = time.GetUtcNow() + Lifetime;
        if (request.CredentialEnd is { } end && end < until) until = end;
        var link = new byte[Bytes];
        link[0] = Version;
        Convert.FromHexString(key.Id).CopyTo(link, 1);
        BinaryPrimitives.WriteInt64BigEndian(link.AsSpan(1 + KeyIdBytes), request.Principal.Id);
        BinaryPrimitives.WriteInt64BigEndian(link.AsSpan(1 + KeyIdBytes + sizeof(long)), request.Principal.Epoch);
        BinaryPrimitives.WriteInt64BigEndian(link.AsSpan(1 + KeyIdBytes + (2 * sizeof(long))), until.ToUnixTimeMilliseconds());
        Sign(key, link.AsSpan(0, HeadBytes), request.Registry, request.Repository, digest, link.AsSpan(HeadBytes));
        return Base64Url.EncodeToString(link);
    }

    /// <summary>Whom a link to the registry's blob was given to; null for one that was not given for it, or has ended.</summary>
    public async ValueTask<Principal?> ReadAsync(string text, RegistryRecord registry, RepositoryName repository, Digest digest, CancellationToken cancellationToken)
    {
        var link = new byte[Bytes];
        if (text.Length != Base64Url.GetEncodedLength(Bytes) || Base64Url.DecodeFromChars(text, link, out _, out var length) != OperationStatus.Done) return null;
        if (length != Bytes || link[0] != Version) return null;
        if (await keys.FindAsync(Convert.ToHexStringLower(link, 1, KeyIdBytes), cancellationToken) is not { } key) return null;

        var expected = new byte[HMACSHA256.HashSizeInBytes];
        Sign(key, link.AsSpan(0, HeadBytes), registry, repository, digest, expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, link.AsSpan(HeadBytes))) return null;

        var id = BinaryPrimitives.ReadInt64BigEndian(link.AsSpan(1 + KeyIdBytes));
        var epoch = BinaryPrimitives.ReadInt64BigEndian(link.AsSpan(1 + KeyIdBytes + sizeof(long)));
        var until = BinaryPrimitives.ReadInt64BigEndian(link.AsSpan(1 + KeyIdBytes + (2 * sizeof(long))));
        return until <= time.GetUtcNow().ToUnixTimeMilliseconds() ? null : id == 0 ? Principal.Anonymous : new Principal(id, "", epoch);
    }

    // A registry's row is never given to another, whatever its name; neither a name nor a digest has a line's end in it.
    private static void Sign(SigningKeyRecord key, ReadOnlySpan<byte> head, RegistryRecord registry, RepositoryName repository, Digest digest, Span<byte> signature)
    {
        var blob = Encoding.UTF8.GetBytes($"{registry.Id}\n{repository}\n{digest}");
        var signed = new byte[head.Length + blob.Length];
        head.CopyTo(signed);
        blob.CopyTo(signed, head.Length);
        HMACSHA256.HashData(key.PrivateKey, signed, signature);
    }
}
