using System.Text;

namespace Berth.Storage.ObjectStore;

/// <summary>
/// The object that says whose store this is. The first id read or written is remembered: a bucket that shows another, or none, later is not the store any more.
/// </summary>
internal sealed class ObjectIdentity(IObjectClient client, ObjectCalls calls)
{
    private const string Key = "identity";
    private const int MaxLength = 200;

    private string? _expected;

    /// <summary>The id in the object, or null where there is none.</summary>
    public async Task<string?> ReadAsync(CancellationToken cancellationToken)
    {
        var found = await FindAsync(cancellationToken);
        if (found is not null) Interlocked.CompareExchange(ref _expected, found, null);
        return found;
    }

    /// <summary>Leaves an id in a new store.</summary>
    public async Task WriteAsync(string identity, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(identity);
        if (identity.Length > MaxLength || identity.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new ArgumentException("An identity is at most 200 visible ASCII characters.", nameof(identity));

        if (await FindAsync(cancellationToken) is null)
        {
            var content = Encoding.ASCII.GetBytes(identity + "\n");
            try
            {
                await calls.MakeAsync(
                    "put", content.Length,
                    async attempt =>
                    {
                        using var body = new PartStream(content);
                        await client.PutAsync(Key, body, client.CanPutOnlyIfAbsent, attempt);
                    },
                    cancellationToken);
            }
            catch (ObjectFailureException e) when (e.Failure == ObjectFailure.Present)
            {
                // Another was first, or an attempt whose answer was lost.
            }
        }

        var present = await FindAsync(cancellationToken);
        if (present != identity) throw new InvalidOperationException($"The store ({client.Place}) belongs to the installation '{present}' already.");
        Interlocked.CompareExchange(ref _expected, identity, null);
    }

    /// <summary>Returns when the store that was opened is still there: only then does "no such object" mean that content is missing.</summary>
    /// <exception cref="StorageUnavailableException">The identity is absent or another than before.</exception>
    public async Task RequireAsync(CancellationToken cancellationToken)
    {
        var found = await FindAsync(cancellationToken);
        if (found is null) throw new StorageUnavailableException($"The store ({client.Place}) has lost its identity object: it is not the one that was opened.");
        var expected = Volatile.Read(ref _expected);
        if (expected is not null && expected != found)
            throw new StorageUnavailableException($"The store ({client.Place}) is that of the installation '{found}', not '{expected}'.");
    }

    private async Task<string?> FindAsync(CancellationToken cancellationToken)
    {
        string text;
        try
        {
            text = await calls.MakeAsync(
                "get", MaxLength,
                async attempt =>
                {
                    await using var content = await client.GetAsync(Key, 0, attempt);
                    var buffer = new byte[MaxLength + 2];
                    var length = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, attempt);
                    return Encoding.ASCII.GetString(buffer, 0, length);
                },
                cancellationToken);
        }
        catch (ObjectFailureException e) when (e.Failure == ObjectFailure.Absent)
        {
            return null;
        }

        if (text.Length is > 1 and <= MaxLength + 1 && text[^1] == '\n') return text[..^1];
        throw new StorageUnavailableException($"The object 'identity' ({client.Place}) is not an identity.") { IsRefusal = true };
    }
}
