using System.Data.Common;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Berth.Metadata;
using Berth.Metadata.Relational;
using Berth.Metadata.Tests.Sqlite.Faults;
using Berth.Oci;
using Berth.Registry.Events;
using Berth.Registry.Identity;
using Berth.Registry.Identity.Authorization;
using Berth.Registry.Jobs;
using Berth.Registry.Lifecycle;
using Berth.Registry.Network;
using Berth.Storage;
using Berth.Storage.FileSystem;
using Berth.Storage.FileSystem.Operations;
using Berth.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Berth.Registry.Tests.Hosting;

/// <summary>
/// The registry's features on a real HTTP listener over the real stores, with a clock that the test moves and steps that it may hold.
/// Background loops do not run by themselves: a test sweeps when it wants to.
/// </summary>
internal sealed class RegistryHost : IAsyncDisposable
{
    public const string Password = "a password for tests";

    private readonly string _folder;
    private readonly WebApplication _app;
    private readonly RelationalMetadataStore _metadata;
    private readonly IBlobStore _blobs;

    private RegistryHost(string folder, WebApplication app, RelationalMetadataStore metadata, IBlobStore blobs, FakeTimeProvider time)
    {
        _folder = folder;
        _app = app;
        _metadata = metadata;
        _blobs = blobs;
        Time = time;
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Endpoint = new RegistryEndpoint(new Uri(address.Replace("[::]", "127.0.0.1", StringComparison.Ordinal)), OwnerAccount.Name, Password, time);
        Client = new HttpClient(new OwnerHandler(Endpoint)) { BaseAddress = Endpoint.Address, Timeout = TimeSpan.FromSeconds(60) };
    }

    public FakeTimeProvider Time { get; }

    /// <summary>Where it answers, and how the owner proves who asks.</summary>
    public RegistryEndpoint Endpoint { get; }

    /// <summary>A client that calls as the owner, unless a request names somebody itself.</summary>
    public HttpClient Client { get; }

    public IMetadataStore Metadata => _metadata;

    public IBlobStore Blobs => _blobs;

    /// <summary>The store where it is one of files: asked for by a test that is about them, which is skipped where it is not.</summary>
    public FileSystemBlobStore Files => (FileSystemBlobStore)OnFiles(_blobs);

    public string StoreFolder => Path.Combine(OnFiles(_folder), "store");

    /// <summary>The file of its rows.</summary>
    public string DatabasePath => Path.Combine(OnFiles(_folder), "metadata", "berth.db");

    /// <summary>All that it keeps: rows and bytes.</summary>
    public string Folder => OnFiles(_folder);

    public IServiceProvider Services => _app.Services;

    public GarbageCollector Collector => _app.Services.GetRequiredService<GarbageCollector>();

    public TimeSpan Grace => _app.Services.GetRequiredService<LifecycleOptions>().Grace;

    public static Task<RegistryHost> StartAsync(
        ISteps? steps = null, RegistryOptions? options = null, IFileOperations? files = null, FaultyVolume? volume = null, OutboundTrust? trust = null,
        IPAddress? listen = null, Func<IBlobStore, IBlobStore>? before = null)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        return OpenAsync(TestFolder.CreateInMemory("berth-host-").FullName, time, steps, options, files, volume, trust, listen, before);
    }

    /// <summary>Starts on a folder, which is empty or what another host left, and with the clock that goes on. What a test puts before the blob store is the registry's in its place.</summary>
    public static async Task<RegistryHost> OpenAsync(
        string folder, FakeTimeProvider time, ISteps? steps = null, RegistryOptions? options = null, IFileOperations? files = null, FaultyVolume? volume = null,
        OutboundTrust? trust = null, IPAddress? listen = null, Func<IBlobStore, IBlobStore>? before = null)
    {
        steps ??= NoSteps.Instance;
        if (files is not null || volume is not null) OnFiles(folder);
        var (metadata, blobs) = ClusterStores.AreUsed
            ? await RegistryStores.OpenClusterAsync(folder, time, steps)
            : await RegistryStores.OpenFilesAsync(folder, time, steps, files, volume);
        var isNew = await metadata.FindInstallationAsync(CancellationToken.None) is null;
        if (isNew)
        {
            await metadata.CreateInstallationAsync(new InstallationRecord("store", "tenant", "subscription", "test", 1), "local", CancellationToken.None);
            await blobs.WriteIdentityAsync("store", CancellationToken.None);
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(listen ?? IPAddress.Loopback, 0);
            kestrel.Limits.MinRequestBodyDataRate = null; // as in the server: transfers have their own stall limit
        });
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddSingleton(steps);
        builder.Services.AddSingleton(before?.Invoke(blobs) ?? blobs);
        builder.Services.AddSingleton<IMetadataStore>(metadata);
        builder.Services.AddSingleton<IDeletionGate>(new Gate(folder, blobs as FileSystemBlobStore));
        // As after its first report: no other node serves.
        builder.Services.AddSingleton(new Node("0.0.0-test", time) { LeastLevel = NodeDescription.PromisedSessions });
        builder.Services.AddSingleton(new PublicNames("berth.localhost", 0, 443));
        builder.Services.AddSingleton<IDiagnosticSink>(new KeptLines());
        if (trust is not null) builder.Services.AddSingleton(trust);
        var hosts = builder.Services.Where(s => s.ServiceType == typeof(IHostedService)).ToHashSet();
        options ??= new RegistryOptions();
        if (ClusterStores.AreUsed) options = options with { Distribution = options.Distribution with { StoreLinks = false } };

        // A wait would last for as long as nobody moves the clock.
        builder.Services.AddBerthRegistry(options with { Identity = options.Identity with { LongestFailureDelay = TimeSpan.Zero } });
        foreach (var loop in builder.Services.Where(s => s.ServiceType == typeof(IHostedService) && !hosts.Contains(s)).ToList())
            builder.Services.Remove(loop);

        var app = builder.Build();
        app.Use((context, next) =>
        {
            Actor.Current = context.Request.Headers["X-Actor"].ToString() is { Length: > 0 } name ? name : null;
            Actor.Aborted = context.RequestAborted;

            // As the host marks those who come in at a private listener: "REGISTRY CONNECTION".
            if (context.Request.Headers["X-Arrival"].ToString().Split(' ') is [var registry, var connection]) context.Features.Set(new PrivateArrival(registry, connection));
            return next(context);
        });
        app.UseBerthRegistry();
        if (isNew)
        {
            await KeyStock.AddToAsync(metadata, time.GetUtcNow());
            await metadata.SetPasswordAsync(OwnerAccount.Name, QuickHash.Of(Password), Caller.System, CancellationToken.None);
        }

        await app.Services.GetRequiredService<OwnerAccount>().EnsureAsync(null, CancellationToken.None);
        await app.StartAsync();
        return new RegistryHost(folder, app, metadata, blobs, time);
    }

    /// <summary>Skips a test that is about one process with its files where there are others.</summary>
    public static void RequireEmbedded() => Assert.SkipWhen(ClusterStores.AreUsed, "This is about one process with its files.");

    /// <summary>Lets a change of rows fail from now on: "INSERT ON table" or "UPDATE ON table".</summary>
    /// <param name="change">The change.</param>
    /// <param name="slowly">Whether it takes its time to fail.</param>
    public Task RefuseAsync(string change, bool slowly = false)
    {
        var (name, table) = (NameOfRefusal(change), change.Split(' ')[^1]);
        var pause = slowly ? "SELECT sum(x) FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 20000) SELECT x FROM c);" : "";
        return TamperAsync(
            $"CREATE TRIGGER {name} BEFORE {change} BEGIN {pause} SELECT RAISE(ABORT, 'no room'); END",
            $"""
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {(slowly ? "PERFORM pg_sleep(0.02);" : "")} RAISE EXCEPTION 'no room'; END $$;
            CREATE TRIGGER {name} BEFORE {change} FOR EACH ROW EXECUTE FUNCTION {name}()
            """);
    }

    /// <summary>Lets what <see cref="RefuseAsync"/> refused succeed again.</summary>
    public Task AllowAsync(string change) => TamperAsync($"DROP TRIGGER {NameOfRefusal(change)}", $"DROP FUNCTION {NameOfRefusal(change)} CASCADE");

    /// <summary>Changes rows behind the registry's back, as a bad disk would.</summary>
    /// <param name="sql">The change.</param>
    /// <param name="postgres">The same in PostgreSQL's words, where they are others.</param>
    /// <returns>How many rows it changed.</returns>
    public async Task<int> TamperAsync(string sql, string? postgres = null)
    {
        await using DbConnection connection = ClusterStores.AreUsed
            ? new NpgsqlConnection((await ClusterStores.OfFolderAsync(_folder)).ConnectionString + ";Pooling=false")
            : new SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = ClusterStores.AreUsed ? postgres ?? sql : sql;
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>A client with the credential of a principal that is made first.</summary>
    public async Task<HttpClient> SignedInAsync(string name)
    {
        await Metadata.SetPasswordAsync(name, QuickHash.Of("a password of its own"), Caller.System, CancellationToken.None);
        return ClientOf(name, "a password of its own");
    }

    /// <summary>Sets how rights in the default registry's repositories are given.</summary>
    public async Task UseModeAsync(RoleAssignmentMode mode)
    {
        var registry = await Metadata.FindRegistryAsync("local", CancellationToken.None);
        await Metadata.UpdateRegistryAsync(registry!.Id, new RegistryChanges(RoleAssignmentMode: mode), Caller.System, CancellationToken.None);
    }

    /// <summary>Gives a principal a built-in role at the default registry; the result is the assignment's id.</summary>
    public async Task<string> AssignAsync(string principal, string role, string? condition = null)
    {
        var registry = await Metadata.FindRegistryAsync("local", CancellationToken.None);
        var record = await Metadata.FindPrincipalAsync(principal, CancellationToken.None);
        var id = Guid.NewGuid().ToString();
        var assignment = new RoleAssignmentRecord(id, registry!.Scope, BuiltInRoles.Find(role)!.Id.ToString(), record!.Id)
        {
            Condition = condition,
            ConditionVersion = condition is null ? null : RoleCondition.Version,
        };
        await Metadata.PutRoleAssignmentAsync(assignment, Caller.System, CancellationToken.None);
        return id;
    }

    /// <summary>A client with any user name and password.</summary>
    public HttpClient ClientOf(string name, string password)
    {
        var client = new HttpClient { BaseAddress = Client.BaseAddress, Timeout = Client.Timeout };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}")));
        return client;
    }

    /// <summary>A client with a token.</summary>
    public HttpClient BearerOf(string token)
    {
        var client = WithoutCredential();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>A client without a credential that calls from one of this machine's addresses: any of 127.0.0.0/8, or ::1.</summary>
    public HttpClient From(string source)
    {
        var address = IPAddress.Parse(source);
        var sockets = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(address, 0));
                var target = address.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
                await socket.ConnectAsync(new IPEndPoint(target, context.DnsEndPoint.Port), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        return new HttpClient(sockets) { BaseAddress = Client.BaseAddress, Timeout = Client.Timeout };
    }

    /// <summary>A client without a credential.</summary>
    public HttpClient WithoutCredential() => new() { BaseAddress = Client.BaseAddress, Timeout = Client.Timeout };

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _metadata.DisposeAsync();
        await _blobs.DisposeAsync();
        FaultLayer.Unmount(Path.Combine(_folder, "metadata"));
        await ClusterStores.RemoveAsync(_folder);
        Directory.Delete(_folder, recursive: true);
    }

    private static string NameOfRefusal(string change) => $"refused_{change.Replace(' ', '_').ToLowerInvariant()}";

    private static T OnFiles<T>(T what)
    {
        RequireEmbedded();
        return what;
    }

    // As the server has it, with one volume.
    private sealed class Gate(string folder, FileSystemBlobStore? files) : IDeletionGate
    {
        public bool IsFull => files is { Reserve.IsHeld: false };

        public IDisposable? TryEnter() => BackupHold.TryTakeForRemoval(folder);

        public async ValueTask TakeReservesBackAsync(CancellationToken cancellationToken)
        {
            if (files is not null) await files.TryTakeReserveBackAsync(cancellationToken);
        }
    }
}
