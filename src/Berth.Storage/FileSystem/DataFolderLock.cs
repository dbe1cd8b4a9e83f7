using System.Globalization;
using System.Text;
using Berth.Storage.FileSystem.Operations;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.FileSystem;

/// <summary>
/// The lock that one process at a time holds on a data folder, <c>DATA/lock</c>: the server, or an offline command that writes. The kernel lets
/// go of it when the process ends, a kill included; the file itself stays.
/// </summary>
public sealed class DataFolderLock : IDisposable
{
    private const int MaxContent = 1024;
    private const int HolderReads = 10;
    private static readonly TimeSpan HolderWait = TimeSpan.FromMilliseconds(20);

    private readonly SafeFileHandle _file;

    private DataFolderLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes the lock of a folder that is there.</summary>
    /// <param name="dataFolder">The data folder.</param>
    /// <param name="command">What this process does, as the user called it, for the sentence that others get.</param>
    /// <param name="time">The time that is left as "since".</param>
    /// <param name="cancellationToken">Ends the look for the holder's name.</param>
    /// <exception cref="DataFolderInUseException">Another process holds it; the message names it.</exception>
    /// <exception cref="StorageUnavailableException">The lock file cannot be opened or locked.</exception>
    public static async Task<DataFolderLock> AcquireAsync(
        string dataFolder, string command, TimeProvider time, CancellationToken cancellationToken)
    {
        var file = FileLock.Open(Path.Join(dataFolder, "lock"));
        try
        {
            if (!FileLock.TryLock(file, exclusive: true))
                throw new DataFolderInUseException(dataFolder, await ReadHolderAsync(file, time, cancellationToken));

            Write(file, new DataFolderHolder(Environment.ProcessId, OneLine(command), time.GetUtcNow()));
            return new DataFolderLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Who took the lock of a folder last, whether it still holds it or not; null where there is no name to read.</summary>
    /// <exception cref="StorageUnavailableException">The lock file cannot be opened.</exception>
    public static DataFolderHolder? LastHolder(string dataFolder)
    {
        using var file = FileLock.Open(Path.Join(dataFolder, "lock"));
        return Read(file);
    }

    /// <summary>Lets go of the lock.</summary>
    public void Dispose() => _file.Dispose();

    private static void Write(SafeFileHandle file, DataFolderHolder holder)
    {
        var since = holder.Since.ToString("O", CultureInfo.InvariantCulture);
        RandomAccess.SetLength(file, 0);
        try
        {
            RandomAccess.Write(file, Encoding.UTF8.GetBytes($"{holder.ProcessId}\n{since}\n{holder.Command}\n"), 0);
        }
        catch (IOException e) when (e.HResult is Errno.NoSpace or Errno.Quota)
        {
            // A full volume must not keep the server from starting and making room: the lock holds without a name too.
        }
    }

    // The holder may have the lock and not have written its name yet.
    private static async Task<DataFolderHolder?> ReadHolderAsync(SafeFileHandle file, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var i = 0; i < HolderReads; i++)
        {
            if (Read(file) is { } holder) return holder;
            await Task.Delay(HolderWait, time, cancellationToken);
        }

        return null;
    }

    private static DataFolderHolder? Read(SafeFileHandle file)
    {
        var buffer = new byte[MaxContent];
        var lines = Encoding.UTF8.GetString(buffer, 0, RandomAccess.Read(file, buffer, 0)).Split('\n');
        return lines.Length == 4
            && int.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out var process)
            && DateTimeOffset.TryParseExact(lines[1], "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var since)
                ? new DataFolderHolder(process, lines[2], since)
                : null;
    }

    private static string OneLine(string command)
    {
        var line = string.Concat(command.Select(c => char.IsControl(c) ? ' ' : c));
        return line.Length <= 200 ? line : line[..200];
    }
}

/// <summary>Who holds a data folder.</summary>
/// <param name="ProcessId">The process's id, as it sees itself.</param>
/// <param name="Command">What it does.</param>
/// <param name="Since">When it took the lock.</param>
public sealed record DataFolderHolder(int ProcessId, string Command, DateTimeOffset Since);

/// <summary>Another process holds the data folder; the message is one sentence that names it.</summary>
public sealed class DataFolderInUseException(string dataFolder, DataFolderHolder? holder) : IOException(Sentence(dataFolder, holder))
{
    /// <summary>Who holds it, or null when its name could not be read.</summary>
    public DataFolderHolder? Holder { get; } = holder;

    private static string Sentence(string folder, DataFolderHolder? holder) => holder is null
        ? $"The data folder '{folder}' is in use by another process."
        : string.Create(
            CultureInfo.InvariantCulture,
            $"The data folder '{folder}' is in use by process {holder.ProcessId} ({holder.Command}) since {holder.Since:yyyy-MM-dd HH:mm:ss} UTC.");
}
