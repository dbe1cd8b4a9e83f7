using System.Net;
using System.Net.Sockets;
using Berth.Storage.AzureBlob;
using Berth.Storage.ObjectStore;
using Berth.Storage.S3;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Storage.Tests.ObjectStore;

/// <summary>A service whose address takes no connection and refuses none, as where packets are lost: an attempt ends long before the call may.</summary>
public sealed class UnreachableServiceTests : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _first = [];
    private readonly Uri _address;

    // Linux leaves what comes unanswered once the queue of connections that nobody accepted is full.
    public UnreachableServiceTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(0);
        for (var i = 0; i < 4; i++)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _first.Add(client);
            _ = client.ConnectAsync(_listener.LocalEndPoint!).ContinueWith(static ended => _ = ended.Exception, TaskScheduler.Default);
        }

        _address = new UriBuilder("http", "127.0.0.1", ((IPEndPoint)_listener.LocalEndPoint!).Port).Uri;
    }

    public void Dispose()
    {
        _first.ForEach(client => client.Dispose());
        _listener.Dispose();
    }

    [Fact]
    public Task A_container_that_cannot_be_reached_is_tried_again_within_the_call() => TriedAgainAsync((time, logger) => ObjectBlobStore.Open(
        new AzureBlobOptions { Container = "none", Endpoint = _address, Account = "none", AccountKey = "bm9uZQ==" }, new ObjectStoreOptions(), time, logger));

    [Fact]
    public Task A_bucket_that_cannot_be_reached_is_tried_again_within_the_call() => TriedAgainAsync((time, logger) => ObjectBlobStore.Open(
        new S3Options { Bucket = "none", Endpoint = _address, AccessKey = "none", SecretKey = "none" }, new ObjectStoreOptions(), time, logger));

    // The call's own limit is of a clock that stands: only the attempt to connect ends by itself. The kernel tries for more than two minutes.
    private static async Task TriedAgainAsync(Func<TimeProvider, ILogger<ObjectBlobStore>, ObjectBlobStore> open)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var log = new Attempts();
        await using var store = open(new FakeTimeProvider(), log);
        var call = store.ReadIdentityAsync(end.Token);

        if (await Task.WhenAny(log.First, call).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken) == call) await call;

        Assert.False(call.IsCompleted);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    /// <summary>Hears that an attempt failed and the next is to follow.</summary>
    private sealed class Attempts : ILogger<ObjectBlobStore>
    {
        private const int TriedAgain = 2101;

        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task First => _first.Task;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == TriedAgain) _first.TrySetResult();
        }
    }
}
