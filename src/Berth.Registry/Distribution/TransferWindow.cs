using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Distribution;

/// <summary>
/// The stall limit of a transfer: within each window some bytes must pass, at least at the minimum rate. There is no limit on the whole.
/// </summary>
internal sealed class TransferWindow : IDisposable
{
    /// <summary>The least rate in bytes per second: Kestrel's and IIS's default of 240.</summary>
    private const int MinimumRate = 240;

    private readonly TimeProvider _time;
    private readonly TimeSpan _length;
    private readonly CancellationToken _aborted;
    private CancellationTokenSource _ends;
    private long _started;
    private long _bytes;

    public TransferWindow(TimeSpan length, TimeProvider time, CancellationToken aborted)
    {
        _length = length;
        _time = time;
        _aborted = aborted;
        _ends = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        _started = time.GetTimestamp();
        _ends.CancelAfter(length);
    }

    /// <summary>Cancelled when the client is gone or the window is over.</summary>
    public CancellationToken Token => _ends.Token;

    /// <summary>Reads on from a request's body.</summary>
    /// <exception cref="BadHttpRequestException">408: the body stands still or crawls.</exception>
    public async ValueTask<ReadResult> ReadAsync(PipeReader body)
    {
        while (true)
        {
            // A read that a token ends stays "in progress" for the server's reader, and no other could follow; a cancelled one is over.
            ReadResult read;
            using (Token.UnsafeRegister(static reader => ((PipeReader)reader!).CancelPendingRead(), body)) read = await body.ReadAsync(CancellationToken.None);
            if (!read.IsCanceled) return read;

            if (Token.IsCancellationRequested && !TryRenew())
            {
                body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                _aborted.ThrowIfCancellationRequested();
                throw new BadHttpRequestException("The transfer stood still for too long, and was ended.", StatusCodes.Status408RequestTimeout);
            }

            if (!read.Buffer.IsEmpty || read.IsCompleted) return read;
            body.AdvanceTo(read.Buffer.End);
        }
    }

    /// <summary>Counts bytes that passed.</summary>
    public void Passed(long bytes)
    {
        _bytes += bytes;
        if (_time.GetElapsedTime(_started) >= _length / 2) TryRenew();
    }

    /// <summary>Starts a new window if enough passed in this one; false when the transfer stands still or crawls.</summary>
    public bool TryRenew()
    {
        if (_aborted.IsCancellationRequested) return false;
        if (_bytes < MinimumRate * _time.GetElapsedTime(_started).TotalSeconds) return false;

        _bytes = 0;
        _started = _time.GetTimestamp();
        if (!_ends.TryReset())
        {
            _ends.Dispose();
            _ends = CancellationTokenSource.CreateLinkedTokenSource(_aborted);
        }

        _ends.CancelAfter(_length);
        return true;
    }

    public void Dispose() => _ends.Dispose();
}
