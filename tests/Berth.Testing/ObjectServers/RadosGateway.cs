using System.Diagnostics;
using System.Security.Cryptography;

namespace Berth.Testing.ObjectServers;

/// <summary>
/// Ceph's S3 gateway, a cluster of its own that all tests of a run share (<c>eng/test-radosgw</c>); it starts in half a minute and ends with the run. Each test has a bucket or a prefix of its
/// own.
/// </summary>
public sealed class RadosGateway : IAsyncDisposable
{
    /// <summary>Test classes that need it have the trait <see cref="Trait"/> under this name, by which <c>./test</c> leaves them out of runs that are not long.</summary>
    public const string TraitName = "service";

    /// <summary>The trait's value.</summary>
    public const string Trait = "Ceph";

    private static readonly Lazy<Task<RadosGateway>> Shared = new(StartAsync);
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly string _folder;

    private RadosGateway(Process process, string folder, int port, string accessKey, string secretKey)
    {
        (_process, _folder) = (process, folder);
        (Endpoint, AccessKey, SecretKey) = (new Uri($"http://127.0.0.1:{port}"), accessKey, secretKey);
    }

    /// <summary>Where it listens.</summary>
    public Uri Endpoint { get; }

    /// <summary>The key's id.</summary>
    public string AccessKey { get; }

    /// <summary>The key's secret.</summary>
    public string SecretKey { get; }

    /// <summary>Why it cannot be had here; null when it can.</summary>
    public static string? Lacking { get; } =
        !TestRun.IsLong ? "Ceph takes half a minute to start: only with ./test --long."
        : Environment.UserName != "root" ? "Ceph's daemons need root."
        : Programs.FirstMissing("radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "ceph-authtool", "monmaptool") is { } missing ? $"{missing} is not installed."
        : null;

    /// <summary>The one of this run.</summary>
    public static Task<RadosGateway> GetAsync() => Shared.Value;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<RadosGateway> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("berth-radosgw-").FullName;
        var (port, access, secret) = (FreePorts.FirstOf(30), NewKey(), NewKey());
        var start = new ProcessStartInfo(Path.Combine(Repository.Root, "eng", "test-radosgw"), [folder, $"{port}", access, secret])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = Programs.Path;
        var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(StartLimit);
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line != "ready") continue;
            var gateway = new RadosGateway(process, folder, port, access, secret);
            AppDomain.CurrentDomain.ProcessExit += (_, _) => gateway.DisposeAsync().AsTask().Wait();
            return gateway;
        }

        throw new InvalidOperationException($"eng/test-radosgw did not start: {await errors}");
    }

    private static string NewKey() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(10));
}
