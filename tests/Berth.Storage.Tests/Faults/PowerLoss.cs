namespace Berth.Storage.Tests.Faults;

/// <summary>
/// A state that a loss of power may leave: of the first events of a log, what was synced stands, and of the rest any part. A file's fsync
/// says nothing about its name, and a directory's fsync nothing about its files' bytes.
/// </summary>
internal sealed class PowerLoss
{
    private readonly Dictionary<int, MemoryStream> _files = [];
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal);

    private PowerLoss()
    {
    }

    /// <summary>Which of the first <paramref name="point"/> events were synced among them.</summary>
    public static bool[] Durable(IReadOnlyList<FileEvent> log, int point) =>
        [.. Enumerable.Range(0, point).Select(index => IsDurable(log, point, index))];

    /// <summary>The state that the first events leave: those that are durable, and of the others what <paramref name="survives"/> says.</summary>
    public static PowerLoss At(IReadOnlyList<FileEvent> log, bool[] durable, Func<FileEvent, bool> survives)
    {
        var loss = new PowerLoss();
        for (var i = 0; i < durable.Length; i++)
        {
            if (durable[i] || survives(log[i])) loss.Apply(log[i]);
        }

        return loss;
    }

    /// <summary>The bytes of a file below a folder that stands, or null where it is absent.</summary>
    public byte[]? Read(string root, string path)
    {
        if (!_names.TryGetValue(path, out var file) || !Stands(Path.GetDirectoryName(path)!, root)) return null;
        return _files.TryGetValue(file, out var bytes) ? bytes.ToArray() : [];
    }

    /// <summary>Lays the state out: what was below one folder goes below another.</summary>
    public void LayOut(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var folder in _folders.Order(StringComparer.Ordinal).Where(folder => Stands(folder, from)))
            Directory.CreateDirectory(Path.Join(to, Path.GetRelativePath(from, folder)));
        foreach (var (path, file) in _names.Where(name => Stands(Path.GetDirectoryName(name.Key)!, from)))
            File.WriteAllBytes(Path.Join(to, Path.GetRelativePath(from, path)), _files.TryGetValue(file, out var bytes) ? bytes.ToArray() : []);
    }

    private static bool IsDurable(IReadOnlyList<FileEvent> log, int point, int index)
    {
        var (file, folder) = (FileOf(log[index]), DirectoryOf(log[index]));
        for (var i = index + 1; i < point; i++)
        {
            switch (log[i])
            {
                case FileEvent.Synced sync when sync.Begun > index && file == sync.File:
                case FileEvent.DirectorySynced directory when directory.Begun > index && folder == directory.Path:
                    return true;
            }
        }

        return false;
    }

    private static int FileOf(FileEvent entry) => entry switch
    {
        FileEvent.Written written => written.File,
        FileEvent.Truncated truncated => truncated.File,
        _ => -1,
    };

    private static string? DirectoryOf(FileEvent entry) => entry switch
    {
        FileEvent.Created created => Path.GetDirectoryName(created.Path),
        FileEvent.DirectoryMade made => Path.GetDirectoryName(made.Path),
        FileEvent.Renamed renamed => Path.GetDirectoryName(renamed.To),
        FileEvent.Unlinked unlinked => Path.GetDirectoryName(unlinked.Path),
        _ => null,
    };

    // A folder is there only if each folder on the way to it is.
    private bool Stands(string folder, string root)
    {
        for (var at = folder; at != root; at = Path.GetDirectoryName(at)!)
        {
            if (at is null || !_folders.Contains(at)) return false;
        }

        return true;
    }

    private void Apply(FileEvent entry)
    {
        switch (entry)
        {
            case FileEvent.Created created:
                _names[created.Path] = created.File;
                break;
            case FileEvent.DirectoryMade made:
                _folders.Add(made.Path);
                break;
            case FileEvent.Renamed renamed when _names.Remove(renamed.From, out var file):
                _names[renamed.To] = file;
                break;
            case FileEvent.Unlinked unlinked:
                _names.Remove(unlinked.Path);
                break;
            case FileEvent.Written written:
                var target = BytesOf(written.File);
                target.Position = written.Offset;
                target.Write(written.Bytes);
                break;
            case FileEvent.Truncated truncated:
                BytesOf(truncated.File).SetLength(truncated.Length);
                break;
        }
    }

    private MemoryStream BytesOf(int file)
    {
        if (_files.TryGetValue(file, out var bytes)) return bytes;
        return _files[file] = new MemoryStream();
    }
}
