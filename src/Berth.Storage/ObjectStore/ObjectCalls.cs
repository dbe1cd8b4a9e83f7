using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Berth.Storage.ObjectStore;

/// <summary>
/// Makes the calls of a driver: again, after a pause with jitter, where that may help; each attempt within its time; counted. What remains a failure says nothing about
/// existence and becomes a <see cref="StorageUnavailableException"/>; answers are passed on.
/// </summary>
internal sealed partial class ObjectCalls(string place, TimeSpan patience, TimeProvider time, ILogger logger)
{
    private const int Attempts = 5;
    private const double FirstPauseMs = 100;
    private const double LongestPauseMs = 5_000;

    // What an attempt may take beyond the patience: a service that takes in less than this is not one to wait for.
    private const double LeastBytesPerSecond = 128 * 1024;

    /// <summary>How long the service may be silent, within a call or a body that is read.</summary>
    public TimeSpan Patience => patience;

    /// <summary>Makes a call.</summary>
    /// <param name="operation">Its name in metrics and messages.</param>
    /// <param name="bytes">How many bytes an attempt sends or reads.</param>
    /// <param name="call">One attempt.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ObjectFailureException">The service answered: <see cref="ObjectFailureException.IsAnswer"/>.</exception>
    /// <exception cref="StorageUnavailableException">It failed, or does not let the server do this.</exception>
    public async Task<T> MakeAsync<T>(string operation, long bytes, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await AttemptAsync(operation, bytes, call, cancellationToken);
            }
            catch (ObjectFailureException e) when (e.IsTransient && attempt < Attempts)
            {
                LogRetry(logger, operation, attempt, e.Message);
                ObjectStoreMetrics.Retries.Add(1, new KeyValuePair<string, object?>("operation", operation));
                await Task.Delay(PauseAfter(attempt), time, cancellationToken);
            }
            catch (ObjectFailureException e) when (!e.IsAnswer)
            {
                LogFailed(logger, e, operation, place, e.Failure, e.Message);
                throw new StorageUnavailableException($"The blob store ({place}) failed at {operation}: {e.Message}", e)
                {
                    LeavesWhatStood = true,
                    IsRefusal = e.Failure == ObjectFailure.Refused,
                };
            }
        }
    }

    /// <summary>Makes a call that returns nothing.</summary>
    public Task MakeAsync(string operation, long bytes, Func<CancellationToken, Task> call, CancellationToken cancellationToken) =>
        MakeAsync(
            operation, bytes,
            async attempt =>
            {
                await call(attempt);
                return true;
            },
            cancellationToken);

    private async Task<T> AttemptAsync<T>(string operation, long bytes, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        var outcome = "ok";
        var began = time.GetTimestamp();
        using var limit = new CancellationTokenSource(patience + TimeSpan.FromSeconds(bytes / LeastBytesPerSecond), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await call(either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            outcome = nameof(ObjectFailure.Unreachable);
            throw new ObjectFailureException(ObjectFailure.Unreachable, $"no answer within {time.GetElapsedTime(began).TotalSeconds:0} s", e);
        }
        catch (ObjectFailureException e)
        {
            outcome = e.Failure.ToString();
            throw;
        }
        catch (Exception e) when (e is IOException or HttpRequestException or SocketException or TimeoutException)
        {
            outcome = nameof(ObjectFailure.Unreachable);
            throw new ObjectFailureException(ObjectFailure.Unreachable, $"the connection broke ({e.Message})", e);
        }
        catch (Exception)
        {
            outcome = "Cancelled";
            throw;
        }
        finally
        {
            ObjectStoreMetrics.RequestDuration.Record(
                time.GetElapsedTime(began).TotalSeconds,
                new KeyValuePair<string, object?>("operation", operation), new KeyValuePair<string, object?>("outcome", outcome));
        }
    }

    // Anywhere between nothing and the doubled pause: servers that failed together do not come back together.
    private static TimeSpan PauseAfter(int attempt) =>
        TimeSpan.FromMilliseconds(Math.Min(LongestPauseMs, FirstPauseMs * Math.Pow(3, attempt - 1)) * (0.2 + Random.Shared.NextDouble()));

    [LoggerMessage(2101, LogLevel.Debug, "The object store's {Operation} is made again after attempt {Attempt}: {Reason}")]
    private static partial void LogRetry(ILogger logger, string operation, int attempt, string reason);

    [LoggerMessage(2102, LogLevel.Warning, "The object store's {Operation} failed for good ({Place}), {Failure}: {Reason}")]
    private static partial void LogFailed(ILogger logger, Exception failed, string operation, string place, ObjectFailure failure, string reason);
}
