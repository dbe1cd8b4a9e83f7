using System.Net;
using Berth.Bench.Servers;

namespace Berth.Bench.Load;

/// <summary>Large transfers, one blocking thread for each connection. Connections stand before the clock starts.</summary>
internal static class BulkTransfer
{
    private const int ReceiveBlock = 256 * 1024;

    /// <summary>Each client gets the same content once.</summary>
    public static Usage Download(ServerProcess server, IPEndPoint target, bool tls, int clients, byte[] request, long size) =>
        Run(server, target, tls, Enumerable.Range(0, clients), (wire, _) => Download(wire, request, size));

    /// <summary>Each content is pushed by a client of its own, by POST and one PUT.</summary>
    public static Usage Upload(ServerProcess server, RequestWriter requests, string repository, IReadOnlyList<LargeContent> contents) =>
        Run(server, requests.Target, false, contents, (wire, content) => Upload(wire, requests, repository, content));

    private static Usage Run<T>(ServerProcess server, IPEndPoint target, bool tls, IEnumerable<T> jobs, Action<Wire, T> transfer)
    {
        var work = new List<(T Job, Wire Wire)>();
        try
        {
            foreach (var job in jobs) work.Add((job, Wire.Open(target, tls)));
            Exception? failure = null;
            using var gate = new ManualResetEventSlim();
            var threads = work.ConvertAll(w => new Thread(() =>
            {
                gate.Wait();
                try
                {
                    transfer(w.Wire, w.Job);
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref failure, e, null);
                }
            }, 256 * 1024));

            threads.ForEach(thread => thread.Start());
            var meter = new Meter(server);
            gate.Set();
            threads.ForEach(thread => thread.Join());
            return failure is null ? meter.Stop() : throw new BenchException(failure.Message);
        }
        finally
        {
            work.ForEach(w => w.Wire.Dispose());
        }
    }

    private static void Download(Wire wire, byte[] request, long size)
    {
        wire.Send(request);
        var buffer = GC.AllocateUninitializedArray<byte>(ReceiveBlock);
        var filled = 0;
        int end;
        while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0) filled += Received(wire.Receive(buffer.AsSpan(filled, 4096)));

        if (!buffer.AsSpan().StartsWith("HTTP/1.1 200"u8)) throw new BenchException("a blob was not answered with 200");
        long received = filled - end - 4;
        while (received < size) received += Received(wire.Receive(buffer));
        if (received != size) throw new BenchException($"{received} bytes came, {size} were expected");
    }

    private static int Received(int count) => count > 0 ? count : throw new BenchException("the server closed a connection inside a blob");

    private static void Upload(Wire wire, RequestWriter requests, string repository, LargeContent content)
    {
        var response = new ResponseReader();
        wire.Send(requests.Format("POST", $"/v2/{repository}/blobs/uploads/", "Content-Length: 0\r\n"));
        wire.ReceiveResponse(response);
        if (response.Status != 202) throw new BenchException($"an upload was not opened: {response.Status} {response.Excerpt}");

        var location = RequestWriter.FinishTarget(response.Header("location"u8), content.Digest);
        wire.Send(requests.Format("PUT", location, $"Content-Type: application/octet-stream\r\nContent-Length: {content.Size}\r\n"));
        content.SendTo(wire);
        wire.ReceiveResponse(response);
        if (response.Status != 201) throw new BenchException($"a push was not answered with 201: {response.Status} {response.Excerpt}");
    }
}
