using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Berth.Metadata;

namespace Berth.Registry.Distribution;

/// <summary>
/// The ids of upload sessions that were promised and have no row yet: a session's id, behind a dot when it was promised, and a signature over that, its repository and whom it was promised to. Whoever
/// comes with one that is good finds an empty session there, on whatever node; nothing else that was never opened is one.
/// </summary>
internal sealed class UploadTickets(LinkKeys keys, DistributionOptions options, TimeProvider time)
{
    private const char Separator = '.';
    private const int KeyIdBytes = 16;
    private const int SignatureBytes = 16;
    private const int HeadBytes = sizeof(long) + KeyIdBytes;
    private const int Bytes = HeadBytes + SignatureBytes;

    // Not longer than the row of a session that ended well, or of one without bytes, is kept: one that was there must not look as if it had never been. One that left no row is known by the ledger.
    private TimeSpan Lifetime => options.UploadExpiry < UploadService.AnswerKept ? options.UploadExpiry : UploadService.AnswerKept;

    /// <summary>Whether the id in a session's URL says that the session may have no row.</summary>
    public static bool IsTicket(string uploadId) => uploadId.Contains(Separator, StringComparison.Ordinal);

    /// <summary>The session's own id, which its row has once there is one.</summary>
    public static string IdOf(string uploadId) => uploadId.IndexOf(Separator, StringComparison.Ordinal) is >= 0 and var end ? uploadId[..end] : uploadId;

    /// <summary>The id in the URL of a session that is promised to the request's caller; null while there is no key to sign it with.</summary>
    public async ValueTask<string?> MakeAsync(DistributionRequest request, string id)
    {
        if (await keys.FindCurrentAsync(request.Aborted) is not { } key) return null;
        var ticket = new byte[Bytes];
        BinaryPrimitives.WriteInt64BigEndian(ticket, time.GetUtcNow().ToUnixTimeMilliseconds());
        Convert.FromHexString(key.Id).CopyTo(ticket, sizeof(long));
        Sign(key, request, id, ticket.AsSpan(0, HeadBytes), ticket.AsSpan(HeadBytes));
        return $"{id}{Separator}{Base64Url.EncodeToString(ticket)}";
    }

    /// <summary>Whether the session of the request's path was promised to the request's caller, there, and may still begin.</summary>
    public async ValueTask<bool> IsGoodAsync(DistributionRequest request)
    {
        var text = request.Target.UploadId!;
        var id = IdOf(text);
        var ticket = new byte[Bytes];
        if (text.Length != id.Length + 1 + Base64Url.GetEncodedLength(Bytes)) return false;
        if (Base64Url.DecodeFromChars(text.AsSpan(id.Length + 1), ticket, out _, out var length) != OperationStatus.Done || length != Bytes) return false;
        if (await keys.FindAsync(Convert.ToHexStringLower(ticket, sizeof(long), KeyIdBytes), request.Aborted) is not { } key) return false;

        var expected = new byte[SignatureBytes];
        Sign(key, request, id, ticket.AsSpan(0, HeadBytes), expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, ticket.AsSpan(HeadBytes))) return false;
        return DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(ticket)) + Lifetime > time.GetUtcNow();
    }

    // What links to blobs sign begins with another byte.
    private static void Sign(SigningKeyRecord key, DistributionRequest request, string id, ReadOnlySpan<byte> head, Span<byte> signature)
    {
        var session = Encoding.UTF8.GetBytes($"upload\n{request.Registry.Id}\n{request.Repository}\n{request.Principal.Id}\n{id}\n");
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key.PrivateKey, [.. session, .. head], whole);
        whole[..signature.Length].CopyTo(signature);
    }
}
