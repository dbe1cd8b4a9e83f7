using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Metadata.Sqlite.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Metadata.Tests.Sqlite;

/// <summary>The group writer on a database with one plain table, and a gate that holds the writer so that a group can gather behind it.</summary>
internal sealed class WriterRig : IAsyncDisposable
{
    public static readonly Sql Insert = new("INSERT INTO things (name, bytes) VALUES (?1, ?2)");
    private static readonly Sql Names = new("SELECT name FROM things ORDER BY name");

    private readonly SqliteSession _session;
    private readonly SqliteSession _checkpointSession;
    private readonly SessionPool _readers;
    private readonly Checkpointer _checkpointer;
    private readonly bool _checkpointing;

    public WriterRig(SqliteOptions options, bool checkpointing = true)
    {
        _session = SessionPragmas.OpenWriter(options);
        _session.RunScript("CREATE TABLE IF NOT EXISTS things (name TEXT NOT NULL UNIQUE, bytes BLOB) STRICT");
        _readers = new SessionPool(options);
        _checkpointSession = SessionPragmas.OpenCheckpointer(options);
        _checkpointer = new Checkpointer(options, _checkpointSession, _readers, NullLogger.Instance);
        Writer = new GroupWriter(
            options, _session, new WriteScope(_session, TimeProvider.System, new HybridClock(TimeProvider.System, 0)), _checkpointer, NullLogger.Instance);
        _checkpointing = checkpointing;
        if (checkpointing) _checkpointer.Start(Writer.Fault, static _ => { });
    }

    public GroupWriter Writer { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public Task<bool> InsertAsync(string name, int bytes = 10, long weight = 100, CancellationToken? cancellation = null) => Writer.RunAsync(
        scope =>
        {
            scope.Use(Insert).Bind(name).Bind(new byte[bytes]).Execute();
            return true;
        },
        Urgency.Push,
        weight,
        cancellation ?? Token);

    /// <summary>Holds the writer inside a group of its own until the returned gate is opened.</summary>
    public async Task<Gate> HoldAsync()
    {
        var gate = new Gate();
        gate.Held = Writer.RunAsync(
            _ =>
            {
                gate.Entered.Set();
                return gate.Opened.Wait(TimeSpan.FromSeconds(60));
            },
            Urgency.Push,
            0,
            Token);
        await Task.Run(gate.Entered.Wait, Token);
        return gate;
    }

    public List<string> Read()
    {
        using var reader = _readers.Rent();
        using var rows = reader.Use(Names);
        var names = new List<string>();
        while (rows.Step()) names.Add(rows.Text(0));
        return names;
    }

    /// <summary>Runs a pragma on the writer's connection.</summary>
    public Task<string?> PragmaAsync(string text) => Writer.RunAsync(_ => _session.Run(text), Urgency.Push, 0, Token);

    public async ValueTask DisposeAsync()
    {
        await Writer.DisposeAsync();
        if (_checkpointing) _checkpointer.Dispose();
        _readers.Dispose();
        _checkpointSession.Dispose();
        _session.Dispose();
    }

    internal sealed class Gate : IDisposable
    {
        public ManualResetEventSlim Entered { get; } = new();

        public ManualResetEventSlim Opened { get; } = new();

        public Task Held { get; set; } = Task.CompletedTask;

        public async Task OpenAsync()
        {
            Opened.Set();
            await Held;
        }

        public void Dispose()
        {
            Opened.Set();
            Entered.Dispose();
        }
    }
}
