using System.Diagnostics;
using System.Net;

namespace Berth.Bench.Load;

/// <summary>
/// A closed loop: each client sends its next request when the answer to the last is complete. One thread and one epoll drive all
/// clients, as in wrk, so that the servers keep as much of the machine as possible.
/// </summary>
internal sealed class LoadGenerator
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    private readonly Workload _workload;
    private readonly Histogram _latencies = new();
    private readonly List<Client> _clients = [];
    private readonly int _poll = Native.CreatePoll();
    private readonly Queue<Client> _idle = new();
    private readonly long _deadline;
    private readonly double _interval;
    private double _nextAt;
    private int _active;

    private LoadGenerator(Workload workload, TimeSpan? duration, double? rate)
    {
        _workload = workload;
        _interval = rate is { } perSecond ? Stopwatch.Frequency / perSecond : 0;
        _nextAt = Stopwatch.GetTimestamp();
        _deadline = duration is { } limit ? Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency) : long.MaxValue;
    }

    /// <summary>Runs a load until its time is over or its operations are done.</summary>
    public static LoadResult Run(IPEndPoint target, int clients, Workload workload, TimeSpan? duration, CancellationToken cancellationToken) =>
        Run([target], clients, workload, duration, rate: null, cancellationToken);

    /// <summary>The same for servers that share the clients in turn, at a fixed rate of operations per second, as far as the clients reach it.</summary>
    public static LoadResult Run(
        IReadOnlyList<IPEndPoint> targets, int clients, Workload workload, TimeSpan? duration, double? rate, CancellationToken cancellationToken)
    {
        var generator = new LoadGenerator(workload, duration, rate);
        try
        {
            generator.Connect(targets, clients);
            var processor = Environment.CpuUsage.TotalTime;
            var started = Stopwatch.GetTimestamp();
            generator.Drive(cancellationToken);
            return new LoadResult(generator._latencies, Stopwatch.GetElapsedTime(started), Environment.CpuUsage.TotalTime - processor);
        }
        finally
        {
            foreach (var client in generator._clients) Native.Close(client.Descriptor);
            Native.Close(generator._poll);
        }
    }

    private void Connect(IReadOnlyList<IPEndPoint> targets, int clients)
    {
        for (var i = 0; i < clients; i++)
        {
            var client = new Client(i, Native.Connect(targets[i % targets.Count]));
            Native.MakeNonBlocking(client.Descriptor);
            Native.AddToPoll(_poll, client.Descriptor, Native.EventIn, i);
            _clients.Add(client);
        }
    }

    private void Drive(CancellationToken cancellationToken)
    {
        foreach (var client in _clients) Begin(client);

        var events = new byte[Native.EventSize * 64];
        var lastEvent = Stopwatch.GetTimestamp();
        while (_active > 0 || _idle.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Native.Wait(_poll, events, BeginDue());
            if (count > 0) lastEvent = Stopwatch.GetTimestamp();
            else if (Stopwatch.GetElapsedTime(lastEvent) > AnswerLimit) throw new BenchException($"no answer within {AnswerLimit.TotalSeconds} s");
            for (var i = 0; i < count; i++) Handle(_clients[Native.DataOf(events, i)]);
        }
    }

    /// <summary>Begins what is due at a fixed rate; returns for how many milliseconds nothing else will be.</summary>
    private int BeginDue()
    {
        const int Longest = 200;
        while (_idle.Count > 0)
        {
            var now = Stopwatch.GetTimestamp();
            if (now >= _deadline) _idle.Clear();
            else if (now < _nextAt) return (int)Math.Clamp(Math.Ceiling((_nextAt - now) * 1000 / Stopwatch.Frequency), 1, Longest);
            else
            {
                _nextAt += _interval;
                BeginNow(_idle.Dequeue());
            }
        }

        return _active > 0 ? Longest : 0;
    }

    private void Begin(Client client)
    {
        if (_interval > 0) _idle.Enqueue(client);
        else BeginNow(client);
    }

    private void BeginNow(Client client)
    {
        var request = Stopwatch.GetTimestamp() >= _deadline ? default : _workload.Begin(client);
        if (request.IsEmpty) return;

        _active++;
        client.StartedAt = Stopwatch.GetTimestamp();
        Send(client, request);
    }

    private void Handle(Client client)
    {
        if (client.WaitsForRoom) SendRest(client);

        var received = Native.Receive(client.Descriptor, client.Response.Space);
        if (received < 0) return;
        if (received == 0) throw new BenchException("the server closed a connection");
        if (!client.Response.Take(received)) return;

        var next = _workload.Continue(client);
        if (!next.IsEmpty)
        {
            Send(client, next);
            return;
        }

        _latencies.Record(client.StartedAt, Stopwatch.GetTimestamp());
        _active--;
        Begin(client);
    }

    private void Send(Client client, ReadOnlyMemory<byte> request)
    {
        client.Response.Expect(_workload.IsHead);
        client.Unsent = request;
        SendRest(client);
    }

    private void SendRest(Client client)
    {
        while (!client.Unsent.IsEmpty)
        {
            var sent = Native.Send(client.Descriptor, client.Unsent.Span);
            if (sent < 0) break;
            client.Unsent = client.Unsent[sent..];
        }

        var waits = !client.Unsent.IsEmpty;
        if (waits == client.WaitsForRoom) return;
        client.WaitsForRoom = waits;
        Native.ChangeInPoll(_poll, client.Descriptor, waits ? Native.EventIn | Native.EventOut : Native.EventIn, client.Index);
    }
}

/// <summary>What a load did.</summary>
/// <param name="Latencies">One entry for each operation.</param>
/// <param name="Elapsed">From the first request to the last answer.</param>
/// <param name="GeneratorCpu">Processor time of the generator itself.</param>
internal sealed record LoadResult(Histogram Latencies, TimeSpan Elapsed, TimeSpan GeneratorCpu)
{
    /// <summary>Operations per second.</summary>
    public double Rate => Latencies.Count / Elapsed.TotalSeconds;
}
