using Berth.Metadata;

namespace Berth.Registry.Identity;

/// <summary>How a request reads the security epochs that its answer depends on, where it reads them together with what it asks for: one look at the database for both.</summary>
internal interface IEpochReading
{
    /// <summary>Reads both.</summary>
    /// <param name="principalId">Who asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<SecurityEpochs> ReadAsync(long principalId, CancellationToken cancellationToken);
}
