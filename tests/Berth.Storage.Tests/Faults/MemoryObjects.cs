using System.Security.Cryptography;
using Berth.Storage.ObjectStore;

namespace Berth.Storage.Tests.Faults;

/// <summary>A bucket in memory, as S3 has it: uploads of parts have ids, and a completion names the parts' bytes. Stores of several nodes may have the same one.</summary>
/// <param name="canPutOnlyIfAbsent">Whether it leaves alone what stands, where it is asked to; else it replaces it.</param>
internal sealed class MemoryObjects(bool canPutOnlyIfAbsent = true) : IObjectClient
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Key, SortedDictionary<int, byte[]> Parts)> _uploads = [];
    private int _begun;

    public string Place => "memory";

    public bool CanPutOnlyIfAbsent => canPutOnlyIfAbsent;

    public int MostDeletions => 1000;

    public Task<string> BeginAsync(string key, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var upload = $"upload-{++_begun}";
            _uploads.Add(upload, (key, []));
            return Task.FromResult(upload);
        }
    }

    public async Task<string> PutPartAsync(string key, string upload, long epoch, int number, Stream body, CancellationToken cancellationToken)
    {
        var bytes = await ReadAsync(body, cancellationToken);
        lock (_lock) Find(key, upload)[number] = bytes;
        return TagOf(bytes);
    }

    public Task<int> FindLastNumberAsync(string key, string upload, IReadOnlyList<ObjectPart> parts, CancellationToken cancellationToken)
    {
        lock (_lock) return Task.FromResult(Find(key, upload).Keys.Append(0).Max());
    }

    public Task CompleteAsync(string key, string upload, IReadOnlyList<ObjectPart> parts, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var sent = Find(key, upload);
            RequireAbsent(key, canPutOnlyIfAbsent);
            if (parts.Any(part => !sent.TryGetValue(part.Number, out var bytes) || TagOf(bytes) != part.Tag)) throw Gone();
            _objects[key] = [.. parts.SelectMany(part => sent[part.Number])];
            _uploads.Remove(upload);
            return Task.CompletedTask;
        }
    }

    public Task AbortAsync(string key, string? except, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            foreach (var upload in _uploads.Where(upload => upload.Value.Key == key && upload.Key != except).Select(upload => upload.Key).ToList()) _uploads.Remove(upload);
            return Task.CompletedTask;
        }
    }

    public async Task PutAsync(string key, Stream body, bool onlyIfAbsent, CancellationToken cancellationToken)
    {
        var bytes = await ReadAsync(body, cancellationToken);
        lock (_lock)
        {
            RequireAbsent(key, onlyIfAbsent);
            _objects[key] = bytes;
        }
    }

    public Task<Stream> GetAsync(string key, long offset, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _objects.TryGetValue(key, out var bytes)
                ? Task.FromResult<Stream>(new MemoryStream(bytes, (int)offset, bytes.Length - (int)offset, writable: false))
                : throw new ObjectFailureException(ObjectFailure.Absent, "no such object");
        }
    }

    public Task<long?> FindSizeAsync(string key, CancellationToken cancellationToken)
    {
        lock (_lock) return Task.FromResult(_objects.TryGetValue(key, out var bytes) ? bytes.LongLength : (long?)null);
    }

    public Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            foreach (var key in keys) _objects.Remove(key);
            return Task.CompletedTask;
        }
    }

    public Task<ObjectPage> ListAsync(string prefix, string? continuation, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(new ObjectPage(
                [.. _objects.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(entry => new ObjectEntry(entry.Key, entry.Value.Length, DateTimeOffset.UnixEpoch))],
                Continuation: null));
        }
    }

    public Task<SignedLink?> LinkAsync(string key, TimeSpan lifetime, CancellationToken cancellationToken) => Task.FromResult<SignedLink?>(null);

    // What the stores on it have in common outlives each of them.
    public void Dispose()
    {
    }

    private static async Task<byte[]> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        var bytes = new byte[body.Length];
        await body.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }

    private static string TagOf(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static ObjectFailureException Gone() => new(ObjectFailure.UploadGone, "no such upload");

    private SortedDictionary<int, byte[]> Find(string key, string upload) => _uploads.TryGetValue(upload, out var found) && found.Key == key ? found.Parts : throw Gone();

    private void RequireAbsent(string key, bool isAsked)
    {
        if (isAsked && _objects.ContainsKey(key)) throw new ObjectFailureException(ObjectFailure.Present, "an object stands there");
    }
}
