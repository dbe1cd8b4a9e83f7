using Berth.Conformance.Distribution;
using Berth.Testing;

[assembly: AssemblyFixture(typeof(RegistryFixture))]

namespace Berth.Conformance.Distribution;

/// <summary>The registry that all tests of the data plane call: one real server a run, started when the first of them asks for it.</summary>
public sealed class RegistryFixture : IAsyncDisposable
{
    private readonly SemaphoreSlim _once = new(1, 1);
    private ServerProcess? _server;
    private RegistryClient? _client;
    private string? _lacking;
    private string? _broken;
    private volatile bool _failed;

    /// <summary>The domain of the registry's names, when the server was started here; null for a server that ran already.</summary>
    public string? Domain => _server is null ? null : "berth.localhost";

    /// <summary>The client with the owner's credentials. Where none was built the calling test is skipped, or fails on continuous integration.</summary>
    public async Task<RegistryClient> ClientAsync()
    {
        await _once.WaitAsync();
        try
        {
            if (_client is null && _lacking is null && _broken is null) await StartAsync();
        }
        finally
        {
            _once.Release();
        }

        if (_client is not null) return _client;
        if (_broken is not null || TestRun.IsContinuousIntegration) Assert.Fail(_broken ?? _lacking!);
        Assert.Skip(_lacking!);
        return null!;
    }

    /// <summary>Remembers that a test failed, so that the server's log is kept.</summary>
    public void NoteFailure() => _failed = true;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        _once.Dispose();
        if (_server is null) return;
        _server.KeepLog = _failed;
        if (_failed) Console.WriteLine($"The server's log: {_server.Log}");
        await _server.DisposeAsync();
    }

    private async Task StartAsync()
    {
        if (RegistryEndpoint.FromEnvironment() is { } running)
        {
            _client = new RegistryClient(running);
            return;
        }

        var executable = BuiltProgram.Server;
        if (executable is null)
        {
            _lacking = "There is no built berth-server.";
            return;
        }

        _server = new ServerProcess(executable, "conformance");
        try
        {
            await _server.StartAsync(TimeSpan.FromSeconds(60));
            _client = new RegistryClient(_server.Endpoint);
        }
        catch (InvalidOperationException e)
        {
            _failed = true;
            _broken = e.Message;
        }
    }
}
