namespace Berth.Oci.Client.Transport;

/// <summary>Ends what takes too long with a sentence instead of a cancellation that nobody asked for.</summary>
internal static class TimeLimit
{
    /// <summary>Runs an action for at most the limit.</summary>
    /// <exception cref="HttpRequestException">The limit passed.</exception>
    public static async Task<T> RunAsync<T>(
        TimeSpan limit, TimeProvider time, string host, Func<CancellationToken, Task<T>> action, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            return await action(both.Token);
        }
        catch (OperationCanceledException e) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"{host} did not answer within {limit}.", e);
        }
    }
}
