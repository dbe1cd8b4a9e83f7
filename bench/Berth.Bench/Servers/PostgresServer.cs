using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Berth.Bench.Servers;

/// <summary>
/// The system's PostgreSQL with a cluster of its own on the disk, reached over its Unix-domain socket: durable, its statements counted, every wait for a lock of 10 ms or more in its log.
/// </summary>
internal sealed class PostgresServer : IDisposable
{
    private const string User = "berth";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly string _folder;
    private readonly ServerProcess _process;

    private PostgresServer(string folder, ServerProcess process)
    {
        _folder = folder;
        _process = process;
    }

    /// <summary>What it wrote.</summary>
    public string Log => Path.Combine(_folder, "log");

    /// <summary>Makes a cluster and starts it.</summary>
    public static PostgresServer Start()
    {
        var programs = Testing.PostgresServer.Programs ?? throw new BenchException("PostgreSQL is not installed");
        var folder = Directory.CreateTempSubdirectory("berth-bench-postgres-").FullName;
        string[] asUser = [];
        if (Environment.IsPrivilegedProcess)
        {
            // It refuses to run as root.
            asUser = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"];
            Command.Run("chown", ["postgres", folder]);
        }

        var data = Path.Combine(folder, "data");
        string[] make = [.. asUser, Path.Combine(programs, "initdb"), "-D", data, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"];
        Command.Run(make[0], make[1..]);
        string[] settings =
        [
            "listen_addresses=", "max_connections=300", "shared_buffers=256MB", "max_wal_size=2GB", "max_pred_locks_per_transaction=256", "shared_preload_libraries=pg_stat_statements",
            "log_lock_waits=on", "deadlock_timeout=10ms", "log_line_prefix=%a|", "log_min_messages=warning", "track_wal_io_timing=on",
        ];
        var process = ServerProcess.Start(
            folder + ".out", new Dictionary<string, string>(), "/",
            [.. asUser, "sh", "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", Path.Combine(folder, "log"),
                Path.Combine(programs, "postgres"), "-D", data, "-k", folder, .. settings.SelectMany(setting => (string[])["-c", setting])]);
        var server = new PostgresServer(folder, process);
        server.Wait();
        return server;
    }

    /// <summary>How clients reach a database.</summary>
    /// <param name="database">Its name.</param>
    /// <param name="name">What the clients are called in the log.</param>
    public string ConnectionString(string database, string name = "berth") => $"Host={_folder};Username={User};Database={database};Application Name={name}";

    /// <summary>Makes an empty database.</summary>
    public void Create(string database) => Run("postgres", $"CREATE DATABASE {database} TEMPLATE template0");

    /// <summary>Runs a text in a database.</summary>
    public void Run(string database, string text)
    {
        using var connection = Connect(database);
        using var command = new NpgsqlCommand(text, connection) { CommandTimeout = 0 };
        command.ExecuteNonQuery();
    }

    /// <summary>A number that a text asks for.</summary>
    public double Ask(string database, string text)
    {
        using var connection = Connect(database);
        using var command = new NpgsqlCommand(text, connection) { CommandTimeout = 0 };
        return Convert.ToDouble(command.ExecuteScalar() is { } value and not DBNull ? value : 0, CultureInfo.InvariantCulture);
    }

    /// <summary>A text that a text with one parameter asks for.</summary>
    public string AskText(string database, string text, int value)
    {
        using var connection = Connect(database);
        using var command = new NpgsqlCommand(text, connection) { CommandTimeout = 0, Parameters = { new() { Value = value } } };
        return command.ExecuteScalar() as string ?? "";
    }

    /// <summary>How often statements ran in a database since it was counted anew; without this asking.</summary>
    /// <param name="database">The database.</param>
    /// <param name="like">A LIKE pattern of their texts.</param>
    public long CallsOf(string database, string like) => (long)Ask(
        database,
        $"SELECT COALESCE(sum(calls), 0) FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = '{database}') AND query LIKE '{like}' AND query NOT LIKE '%pg_stat_statements%'");

    /// <summary>Begins to count anew.</summary>
    public void Recount(string database) => Run(database, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements; SELECT pg_stat_statements_reset()");

    /// <summary>Processor time of all its processes.</summary>
    public TimeSpan CpuTime() => ProcFiles.CpuTimeWithEnded(_process.Id);

    public void Dispose()
    {
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
        File.Delete(_folder + ".out");
    }

    private NpgsqlConnection Connect(string database)
    {
        var connection = new NpgsqlConnection(ConnectionString(database, "bench") + ";Pooling=false");
        connection.Open();
        return connection;
    }

    private void Wait()
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                Run("postgres", "SELECT 1");
                return;
            }
            catch (NpgsqlException e)
            {
                if (Stopwatch.GetElapsedTime(started) > StartLimit)
                    throw new BenchException($"PostgreSQL did not start: {(File.Exists(Log) ? File.ReadAllText(Log) : e.Message)}");
                Thread.Sleep(50);
            }
        }
    }
}
