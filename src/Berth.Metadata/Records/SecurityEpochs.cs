namespace Berth.Metadata;

/// <summary>The current security epochs that an answer depends on.</summary>
/// <param name="Principal">The principal's epoch; 0 when it is absent or disabled.</param>
/// <param name="Registry">The registry's epoch; 0 when it is absent or deleted.</param>
public readonly record struct SecurityEpochs(long Principal, long Registry);
