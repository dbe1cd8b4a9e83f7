using System.Buffers;
using System.Diagnostics;
using Berth.Oci;
using Berth.Storage.FileSystem;
using Berth.Storage.FileSystem.Operations;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Storage.Tests.FileSystem;

/// <summary>A folder of a test's own, in memory where there is such a place, and what tests do in it.</summary>
internal sealed class StoreFolder : IDisposable
{
    public const string Identity = "the-installation";

    private readonly string _temporary =
        Directory.CreateDirectory(System.IO.Path.Join(Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath(), $"berth-{Guid.CreateVersion7():N}")).FullName;

    public static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public string Path => _temporary;

    public string Root => In("data", "storage");

    public string In(params ReadOnlySpan<string> parts) => System.IO.Path.Join([_temporary, .. parts]);

    /// <summary>The file of a location.</summary>
    public string FileOf(string location) => In("data", "storage", "blobs", location);

    /// <summary>Opens the store in this folder, with its identity.</summary>
    public async Task<FileSystemBlobStore> OpenAsync(
        IFileOperations? files = null, long reserve = 0, TimeProvider? time = null, ISteps? steps = null, string? root = null, ILogger? logger = null,
        DirectIo? direct = null)
    {
        var store = await FileSystemBlobStore.OpenAsync(
            new FileSystemOptions { Root = root ?? Root, ReserveBytes = reserve, Direct = direct },
            files ?? PosixFileOperations.Instance,
            time ?? TimeProvider.System,
            steps ?? NoSteps.Instance,
            logger ?? NullLogger.Instance,
            Cancelled);
        await store.WriteIdentityAsync(Identity, Cancelled);
        return store;
    }

    public static byte[] Content(int length)
    {
        var content = new byte[length];
        Random.Shared.NextBytes(content);
        return content;
    }

    public static async Task<string> PutAsync(IBlobStore store, byte[] content)
    {
        var location = store.NewLocation();
        await using var writer = await store.AppendAsync(location, 0, content.Length, Cancelled);
        await writer.WriteAsync(new ReadOnlySequence<byte>(content), Cancelled);
        await writer.SyncAsync(Cancelled);
        return location;
    }

    public static async Task<byte[]> GetAsync(IBlobStore store, string location, long size)
    {
        await using var reader = await store.OpenAsync(location, size, Cancelled);
        var content = new byte[size];
        for (var at = 0; at < size;) at += await reader.ReadAsync(at, content.AsMemory(at), Cancelled);
        return content;
    }

    /// <summary>Runs a command of the system; its exit code.</summary>
    public static async Task<int> RunAsync(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        await Task.WhenAll(process.StandardOutput.ReadToEndAsync(Cancelled), process.StandardError.ReadToEndAsync(Cancelled));
        await process.WaitForExitAsync(Cancelled);
        return process.ExitCode;
    }

    public void Dispose() => Directory.Delete(_temporary, recursive: true);
}
