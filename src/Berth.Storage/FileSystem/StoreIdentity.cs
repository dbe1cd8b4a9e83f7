using System.Buffers;
using System.Text;
using Berth.Storage.FileSystem.Operations;

namespace Berth.Storage.FileSystem;

/// <summary>
/// The file that says whose store this is. The first id read or written is remembered: a volume that shows another, or none, later is not
/// the store any more (it is unmounted, or another one is mounted in its place).
/// </summary>
internal sealed class StoreIdentity(IFileOperations files, string root)
{
    private const int MaxLength = 200;

    private readonly string _path = Path.Join(root, "identity");
    private string? _expected;

    /// <summary>The id in the file, or null where there is no file.</summary>
    /// <exception cref="StorageUnavailableException">The file cannot be read, or is not the work of this driver.</exception>
    public string? Read()
    {
        var found = ReadFile();
        if (found is not null) Interlocked.CompareExchange(ref _expected, found, null);
        return found;
    }

    /// <summary>Leaves an id in a new store, whole or not at all.</summary>
    public void Write(string identity)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(identity);
        if (identity.Length > MaxLength || identity.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new ArgumentException("An identity is at most 200 visible ASCII characters.", nameof(identity));

        if (ReadFile() is { } present)
        {
            if (present != identity) throw new InvalidOperationException($"The store at '{root}' belongs to the installation '{present}' already.");
        }
        else
        {
            var draft = _path + ".new";
            files.Unlink(draft);
            using (var file = files.Create(draft))
            {
                files.Write(file, new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(identity + "\n")), 0);
                files.Sync(file);
            }

            files.Rename(draft, _path);
        }

        files.SyncDirectory(root);
        Interlocked.CompareExchange(ref _expected, identity, null);
    }

    /// <summary>Returns when the store that was opened is still there: only then does "no such file" mean that content is missing.</summary>
    /// <exception cref="StorageUnavailableException">The identity is absent or another than before.</exception>
    public void Require()
    {
        var found = ReadFile();
        if (found is null) throw new StorageUnavailableException($"The store at '{root}' has lost its identity file: its volume may not be mounted.");
        var expected = Volatile.Read(ref _expected);
        if (expected is not null && expected != found)
            throw new StorageUnavailableException($"The store at '{root}' is that of the installation '{found}', not '{expected}'.");
    }

    private string? ReadFile()
    {
        try
        {
            using var file = files.OpenRead(_path);
            Span<byte> buffer = stackalloc byte[MaxLength + 2];
            var length = files.Read(file, buffer, 0);
            var text = Encoding.ASCII.GetString(buffer[..length]);
            if (text.Length is > 1 and <= MaxLength + 1 && text[^1] == '\n') return text[..^1];
        }
        catch (FileOperationException e) when (e.IsAbsent)
        {
            return null;
        }

        throw new StorageUnavailableException($"'{_path}' is not an identity file.");
    }
}
