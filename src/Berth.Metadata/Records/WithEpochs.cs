namespace Berth.Metadata;

/// <summary>What a read found, with the security epochs of the same moment.</summary>
/// <param name="Value">What was found; null when it is absent.</param>
/// <param name="Epochs">The epochs that an answer depends on.</param>
public readonly record struct WithEpochs<T>(T? Value, SecurityEpochs Epochs)
    where T : class;
