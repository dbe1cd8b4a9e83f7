using Berth.Oci;

namespace Berth.Cli.Evidence;

/// <summary>What evidence is asked for: a registry, one of its repositories, or one image.</summary>
/// <param name="Registry">The registry's name.</param>
/// <param name="Repository">The repository; null for all that may be seen.</param>
/// <param name="Image">The tag or digest in it; null for all.</param>
/// <param name="WithAccess">Whether it says who may pull and push.</param>
internal sealed record EvidenceQuestion(string Registry, RepositoryName? Repository, Reference? Image, bool WithAccess);
