namespace Berth.Metadata.Tests.Sqlite.Faults;

/// <summary>Builds the files that a loss of power may leave: all that was synced, and any part of what was not.</summary>
internal static class PowerLoss
{
    private const int SectorBytes = 512;

    /// <summary>Writes into an empty folder what survives when power is lost after the first <paramref name="count"/> events.</summary>
    public static void Build(IReadOnlyList<FileEvent> events, int count, Random random, string folder)
    {
        var files = new Dictionary<string, Survivor>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var happened = events[i];
            if (happened.File.EndsWith("-shm", StringComparison.Ordinal)) continue;
            if (happened.Kind == FileEventKind.Delete)
            {
                files.Remove(happened.File);
                continue;
            }

            if (!files.TryGetValue(happened.File, out var file)) files.Add(happened.File, file = new Survivor());
            file.Apply(happened);
        }

        foreach (var (name, file) in files) File.WriteAllBytes(Path.Combine(folder, name), file.Finish(random));
    }

    /// <summary>One file: what is durable, and what waits for a sync.</summary>
    private sealed class Survivor
    {
        private readonly List<FileEvent> _waiting = [];
        private readonly MemoryStream _content = new();

        public void Apply(FileEvent happened)
        {
            if (happened.Kind != FileEventKind.Sync)
            {
                _waiting.Add(happened);
                return;
            }

            foreach (var waiting in _waiting) Land(waiting);
            _waiting.Clear();
        }

        /// <summary>Each write that was not synced may have reached the disk, or not, or only some of its sectors, in any combination.</summary>
        public byte[] Finish(Random random)
        {
            var lost = random.Next(3);
            foreach (var waiting in _waiting)
            {
                if (lost == 0 || (lost == 1 && random.Next(2) == 0)) continue;
                if (lost == 2 && waiting.Kind == FileEventKind.Write && random.Next(3) == 0) LandSomeSectors(waiting, random);
                else Land(waiting);
            }

            return _content.ToArray();
        }

        private void Land(FileEvent happened)
        {
            if (happened.Kind == FileEventKind.Truncate)
            {
                _content.SetLength(happened.Offset);
                return;
            }

            _content.Position = happened.Offset;
            _content.Write(happened.Bytes);
        }

        private void LandSomeSectors(FileEvent write, Random random)
        {
            if (_content.Length < write.Offset + write.Bytes.Length) _content.SetLength(write.Offset + write.Bytes.Length);
            for (var at = 0; at < write.Bytes.Length; at += SectorBytes)
            {
                if (random.Next(2) == 0) continue;
                _content.Position = write.Offset + at;
                _content.Write(write.Bytes.AsSpan(at, Math.Min(SectorBytes, write.Bytes.Length - at)));
            }
        }
    }
}
