namespace Berth.Server.LocalFiles;

/// <summary>What changes when one of a few files does: their times of change and sizes, folded.</summary>
/// <param name="Ticks">The times together.</param>
/// <param name="Bytes">The sizes together.</param>
internal readonly record struct FileStamp(long Ticks, long Bytes)
{
    /// <summary>The stamp of these files; one that is missing counts as such. Links are followed, as mounted secrets are made of them.</summary>
    public static FileStamp Of(params ReadOnlySpan<string> paths)
    {
        long ticks = 17, bytes = 17;
        foreach (var path in paths)
        {
            var file = new FileInfo(path);
            if (file.LinkTarget is not null && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
                file = target;
            ticks = (ticks * 31) + (file.Exists ? file.LastWriteTimeUtc.Ticks : 0);
            bytes = (bytes * 31) + (file.Exists ? file.Length : -1);
        }

        return new FileStamp(ticks, bytes);
    }
}
