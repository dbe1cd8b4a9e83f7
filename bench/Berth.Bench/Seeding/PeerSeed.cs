using Berth.Bench.Load;

namespace Berth.Bench.Seeding;

/// <summary>
/// Fills docker-registry's file tree with repositories and tags as its pushes would have: its API would need minutes. The layout is the
/// one it documents for its storage (docker/registry/v2).
/// </summary>
internal sealed class PeerSeed(string folder)
{
    private readonly string _root = Path.Combine(folder, "docker", "registry", "v2");

    public void AddRepositories(IEnumerable<string> names)
    {
        foreach (var name in names) AddTags(name, ["latest"]);
    }

    public void AddTags(string repository, IEnumerable<string> tags)
    {
        var content = EmptyIndex.Content;
        AddBlob(content);
        var place = Path.Combine(_root, "repositories", repository);
        Directory.CreateDirectory(Path.Combine(place, "_layers"));
        WriteLink(Path.Combine(place, "_manifests", "revisions", "sha256", Hex(content)), content);
        // A push would also leave each tag's history; no read of a tag or a list looks at it.
        foreach (var tag in tags) WriteLink(Path.Combine(place, "_manifests", "tags", tag, "current"), content);
    }

    private void AddBlob(SmallContent content)
    {
        var place = Directory.CreateDirectory(Path.Combine(_root, "blobs", "sha256", Hex(content)[..2], Hex(content)));
        File.WriteAllBytes(Path.Combine(place.FullName, "data"), content.Bytes);
    }

    private static void WriteLink(string place, SmallContent content)
    {
        Directory.CreateDirectory(place);
        File.WriteAllText(Path.Combine(place, "link"), content.Digest);
    }

    private static string Hex(SmallContent content) => content.Digest["sha256:".Length..];
}
