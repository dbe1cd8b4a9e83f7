namespace Berth.Oci.Client;

/// <summary>An open upload as the registry last described it. Each step answers with the next state; only that one goes on.</summary>
/// <param name="Repository">The repository it belongs to.</param>
/// <param name="Location">Where the next request goes; the registry may change it with each step.</param>
/// <param name="Offset">How many bytes the registry holds; the next chunk starts here.</param>
/// <param name="MinimumChunk">The fewest bytes of a chunk other than the last (<c>OCI-Chunk-Min-Length</c>); 0 for no limit.</param>
public sealed record BlobUpload(RepositoryName Repository, Uri Location, long Offset, long MinimumChunk);
