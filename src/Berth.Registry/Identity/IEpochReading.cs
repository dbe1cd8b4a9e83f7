using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Identity;

/// <summary>
/// How a request reads the security epochs that its answer depends on, where it reads them together with what it asks for: one look at the database for both. It is
/// for those alone who are expected to get what it reads (<see cref="Authorizer.Expects"/>).
/// </summary>
internal interface IEpochReading
{
    /// <summary>The repository that it reads rows of.</summary>
    RepositoryName Repository { get; }

    /// <summary>What who gets them must be allowed to do there.</summary>
    RepositoryAction Action { get; }

    /// <summary>
    /// Whether the change that the request makes compares the epochs itself, in its transaction. Of a caller of whom it is known as of which epochs they may do it, none are read before then.
    /// </summary>
    bool IsCompared { get; }

    /// <summary>Reads both.</summary>
    /// <param name="principalId">Who asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<SecurityEpochs> ReadAsync(long principalId, CancellationToken cancellationToken);
}
