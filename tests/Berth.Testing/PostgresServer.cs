using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Berth.Testing;

/// <summary>
/// A PostgreSQL server from the system's package, in a folder in memory and on a free port: one for the whole test process, on 127.0.0.1, and others for tests that want one in a network of its
/// own. It ends and its folder goes when the process does, however that ends. Its databases are the tests' own.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "berth";
    private const string Loopback = "127.0.0.1";

    // PostgreSQL refuses to run as root. The shell waits for the end of its input, which is that of the test process.
    private const string Script = """
        cd "$1" && "$2/initdb" -D "$1/data" -U berth -A trust -E UTF8 --locale=C.UTF-8 --no-instructions >"$1/log" 2>&1 || exit 1
        echo "host all all 0.0.0.0/0 trust" >>"$1/data/pg_hba.conf"
        "$2/postgres" -D "$1/data" -k "$1" -p "$3" -c listen_addresses="$4" -c max_connections=300 -c shared_buffers=128MB -c max_wal_size=256MB \
            -c shared_preload_libraries=pg_stat_statements -c max_pred_locks_per_transaction=256 -c log_min_messages=warning >>"$1/log" 2>&1 </dev/null &
        server=$!
        cat >/dev/null
        kill -INT $server; wait $server
        cd / && rm -rf -- "$1"
        """;

    private static readonly Lazy<Task<PostgresServer>> Only = new(static () => Task.Run(() => StartAsync([], Loopback)));
    private static int _databases;

    private readonly Process _shell;

    private PostgresServer(Process shell, string folder, int port)
    {
        _shell = shell;
        Folder = folder;
        Port = port;
    }

    /// <summary>The folder of PostgreSQL's programs, of the newest version that is installed; null where none is.</summary>
    public static string? Programs { get; } = FindPrograms();

    /// <summary>Why there can be no server here; null when there can.</summary>
    public static string? Lacking { get; } = Programs is null ? "PostgreSQL is not installed." : null;

    /// <summary>Its folder; its Unix-domain socket is in there.</summary>
    public string Folder { get; }

    /// <summary>The port of its addresses.</summary>
    public int Port { get; }

    /// <summary>The server of this process, started by the first call.</summary>
    /// <exception cref="InvalidOperationException">It did not start; the message holds its last words.</exception>
    public static Task<PostgresServer> GetAsync() => Only.Value;

    /// <summary>Starts one more, which is listened to where a program that becomes it puts it (<c>nsenter</c> with its arguments, say).</summary>
    /// <exception cref="InvalidOperationException">It did not start; the message holds its last words.</exception>
    public static async Task<PostgresServer> StartAsync(IReadOnlyList<string> within, string address)
    {
        var programs = Programs ?? throw new InvalidOperationException(Lacking);
        var folder = TestFolder.CreateInMemory("berth-postgres-").FullName;
        var port = FreePort();
        string[] command = ["sh", "-c", Script, "sh", folder, programs, port.ToString(CultureInfo.InvariantCulture), address];
        if (Environment.IsPrivilegedProcess)
        {
            using var own = Process.Start("chown", ["postgres", folder]);
            await own.WaitForExitAsync();
            command = ["runuser", "-u", "postgres", "--", .. command];
        }

        command = [.. within, .. command];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, WorkingDirectory = "/" };
        var shell = Process.Start(start) ?? throw new InvalidOperationException("The shell of PostgreSQL did not start.");
        var server = new PostgresServer(shell, folder, port);
        await server.WaitAsync();
        return server;
    }

    /// <summary>How clients reach a database, over the Unix-domain socket unless a port is given.</summary>
    public string ConnectionString(string database, int? port = null) =>
        $"Host={(port is null ? Folder : Loopback)};Port={port ?? Port};Username={User};Database={database}";

    /// <summary>Makes a database, which is empty or as another one is; returns its name.</summary>
    public async Task<string> CreateDatabaseAsync(string? template, CancellationToken cancellationToken)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref _databases)}");
        await RunAsync($"CREATE DATABASE {name} TEMPLATE {template ?? "template0"}", cancellationToken);
        return name;
    }

    /// <summary>Removes a database, whoever is connected to it.</summary>
    public Task DropDatabaseAsync(string name, CancellationToken cancellationToken) => RunAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)", cancellationToken);

    /// <summary>Ends it before the test process does.</summary>
    public async ValueTask DisposeAsync()
    {
        _shell.StandardInput.Close();
        await _shell.WaitForExitAsync();
        _shell.Dispose();
    }

    private async Task WaitAsync()
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await RunAsync("CREATE EXTENSION IF NOT EXISTS pg_stat_statements", CancellationToken.None);
                return;
            }
            catch (NpgsqlException e) when (!_shell.HasExited && clock.Elapsed < TimeSpan.FromSeconds(120))
            {
                // Not listening yet; asked again until the limit.
                _ = e;
            }
            catch (NpgsqlException e)
            {
                var log = Path.Combine(Folder, "log");
                throw new InvalidOperationException($"PostgreSQL did not start: {(File.Exists(log) ? await File.ReadAllTextAsync(log) : e.Message)}", e);
            }

            await Task.Delay(50);
        }
    }

    private async Task RunAsync(string text, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string? FindPrograms()
    {
        const string Debian = "/usr/lib/postgresql";
        string[] versions = Directory.Exists(Debian)
            ? [.. Directory.GetDirectories(Debian).OrderByDescending(version => int.TryParse(Path.GetFileName(version), CultureInfo.InvariantCulture, out var number) ? number : 0)]
            : [];
        string[] folders = [.. versions.Select(version => Path.Combine(version, "bin")), .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')];
        return folders.FirstOrDefault(folder => File.Exists(Path.Combine(folder, "postgres")) && File.Exists(Path.Combine(folder, "initdb")));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
