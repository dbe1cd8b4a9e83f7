using System.Globalization;
using System.Text;
using System.Text.Json;
using Berth.Registry.Events;

namespace Berth.Server.LocalFiles;

/// <summary>
/// The diagnostic logs in a file that only its owner reads. One that is full gets the ending <c>.1</c>, the one before it <c>.2</c>, and the oldest goes: what they take of the disk is
/// bounded, up to what one write may be too long. It is opened for each write, so that it may be moved away at any time.
/// </summary>
internal sealed class DiagnosticFile(string path, long maxBytes, int files) : IDiagnosticSink
{
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Columns are written in a fixed order by one writer: a line that is whole holds it in this form.
    private static readonly string Mark = $"\"{DiagnosticColumns.LedgerPosition}\":\"";

    /// <inheritdoc/>
    public string? FindLastPosition()
    {
        CutUnfinishedLine();
        for (var i = 0; i < files; i++)
        {
            var name = Name(i);
            if (File.Exists(name) && File.ReadLines(name).Where(line => line.Contains(Mark, StringComparison.Ordinal)).LastOrDefault() is { } line) return PositionOf(line);
        }

        return null;
    }

    /// <inheritdoc/>
    public void Write(IReadOnlyList<byte[]> lines)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!, FolderMode);
        var size = lines.Sum(line => (long)line.Length);
        if (File.Exists(path) && new FileInfo(path).Length is > 0 and var length && length + size > maxBytes) Rotate();
        using var file = Open();
        var before = file.Length;
        try
        {
            foreach (var line in lines) file.Write(line);
            file.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            // They are written again, all of them: what is there of them by now must not be there twice.
            file.SetLength(before);
            throw;
        }
    }

    private FileStream Open()
    {
        var file = new FileStream(path, new FileStreamOptions { Mode = System.IO.FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.Read, UnixCreateMode = FileMode });
        file.Seek(0, SeekOrigin.End);
        return file;
    }

    private void Rotate()
    {
        File.Delete(Name(files - 1));
        for (var i = files - 2; i >= 0; i--)
        {
            if (File.Exists(Name(i))) File.Move(Name(i), Name(i + 1));
        }
    }

    private string Name(int index) => index == 0 ? path : string.Create(CultureInfo.InvariantCulture, $"{path}.{index}");

    // A process that was killed, or a loss of power, may have left the first part of a line.
    private void CutUnfinishedLine()
    {
        if (!File.Exists(path)) return;
        using var file = Open();
        Span<byte> one = stackalloc byte[1];
        var end = file.Length;
        for (; end > 0; end--)
        {
            file.Position = end - 1;
            if (file.Read(one) == 1 && one[0] == (byte)'\n') break;
        }

        if (end < file.Length) file.SetLength(end);
    }

    private static string? PositionOf(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(line));
            return document.RootElement.GetProperty(DiagnosticColumns.LedgerPosition).GetString();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
