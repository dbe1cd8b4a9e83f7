using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>One empty database of a provider, for one test. A provider brings this and a one-line subclass of each suite.</summary>
public interface IMetadataDatabase : IAsyncDisposable
{
    /// <summary>Opens a store on the database; called again after the first was disposed, it opens what that one left.</summary>
    Task<IMetadataStore> OpenAsync(TimeProvider time, ISteps steps);
}
