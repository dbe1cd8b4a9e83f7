using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Berth.Testing.ObjectServers;

/// <summary>
/// Azurite, Azure Storage's emulator: one of this run, and others for tests that want one in a network of its own. Its npm package lies among the build's results. Each test has a container
/// of its own.
/// </summary>
public sealed class Azurite : IDisposable
{
    private static readonly Lazy<Task<Azurite>> Shared = new(() => StartAsync([], "127.0.0.1", Account, NewKey()));

    private readonly Process _process;
    private readonly string _folder;
    private int _disposed;

    private Azurite(Process process, string folder, string address, int port, string account, string key)
    {
        (_process, _folder) = (process, folder);
        (Endpoint, AccountKey) = (new Uri($"http://{address}:{port}/{account}"), key);
    }

    /// <summary>The account's name.</summary>
    public static string Account => "berthtests";

    /// <summary>Where it listens.</summary>
    public Uri Endpoint { get; }

    /// <summary>The account's key.</summary>
    public string AccountKey { get; }

    /// <summary>Why it cannot be had here; null when it may.</summary>
    public static string? Lacking { get; } = Programs.FirstMissing("node", "npm") is { } missing ? $"{missing} is not installed." : null;

    /// <summary>The one of this run.</summary>
    public static Task<Azurite> GetAsync() => Shared.Value;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Starts one more, which listens at this address where a program that becomes it puts it (<c>nsenter</c> with its arguments, say).</summary>
    /// <param name="within">The program and its arguments; none for this process's own network.</param>
    /// <param name="address">The address.</param>
    /// <exception cref="InvalidOperationException">It did not start; the message holds what it said.</exception>
    public static Task<Azurite> StartAsync(IReadOnlyList<string> within, string address) => StartAsync(within, address, Account, NewKey());

    /// <summary>Starts one more with an account of its own; it ends with the process at the latest.</summary>
    public static Task<Azurite> StartAsync(string account, string key) => StartAsync([], "127.0.0.1", account, key);

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));

    private static async Task<Azurite> StartAsync(IReadOnlyList<string> within, string address, string account, string key)
    {
        var package = await InstallAsync();
        var folder = Directory.CreateTempSubdirectory("berth-azurite-").FullName;
        var port = FreePorts.FirstOf(1);
        string[] command =
        [
            .. within, "node", Path.Combine(package, "node_modules", "azurite", "dist", "src", "blob", "main.js"), "--blobHost", address, "--blobPort", $"{port}",
            "--location", folder, "--silent", "--disableTelemetry", "--skipApiVersionCheck",
        ];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = Programs.Path;
        start.Environment["AZURITE_ACCOUNTS"] = $"{account}:{key}";
        var process = Process.Start(start)!;
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        var errors = process.StandardError.ReadToEndAsync();
        var azurite = new Azurite(process, folder, address, port, account, key);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => azurite.Dispose();

        // In another network only who is there can ask; it is soon there.
        for (var attempt = 0; attempt < 300 && !process.HasExited; attempt++)
        {
            if (within.Count > 0 ? attempt == 20 : await AnswersAsync(port)) return azurite;
            await Task.Delay(100);
        }

        throw new InvalidOperationException($"azurite did not start: {(process.HasExited ? await errors : "no answer in 30 seconds")}");
    }

    private static async Task<bool> AnswersAsync(int port)
    {
        using var probe = new TcpClient();
        try
        {
            await probe.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // Several test programs may come at once: one of them installs.
    private static async Task<string> InstallAsync()
    {
        var source = Path.Combine(Repository.Root, "tests", "Berth.Testing", "ObjectServers", "azurite");
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Artifacts, "tools", "azurite")).FullName;
        await using var alone = await LockAsync(Path.Combine(folder, ".lock"));
        var (wanted, installed) = (Path.Combine(source, "package-lock.json"), Path.Combine(folder, "installed-lock.json"));
        if (File.Exists(installed) && await File.ReadAllTextAsync(installed) == await File.ReadAllTextAsync(wanted)) return folder;

        foreach (var file in Directory.EnumerateFiles(source)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        var start = new ProcessStartInfo("npm", ["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var install = Process.Start(start)!;
        var errors = install.StandardError.ReadToEndAsync();
        _ = install.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        await install.WaitForExitAsync();
        if (install.ExitCode != 0) throw new InvalidOperationException($"azurite's npm packages cannot be had: {await errors}");
        File.Copy(wanted, installed, overwrite: true);
        return folder;
    }

    private static async Task<FileStream> LockAsync(string path)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 3000)
            {
                await Task.Delay(100);
            }
        }
    }
}
