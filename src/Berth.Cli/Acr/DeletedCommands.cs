using System.CommandLine;
using Berth.Cli.Session;
using Berth.Oci;
using Berth.Oci.Client;

namespace Berth.Cli.Acr;

/// <summary>The commands about what was deleted and can be restored, below <c>acr repository</c> and <c>acr manifest</c>.</summary>
internal static class DeletedCommands
{
    /// <summary><c>acr repository list-deleted</c></summary>
    public static Command ListRepositories() => RegistryCommand.Create(
        "list-deleted", "Lists the repositories in which something deleted can be restored.", new RegistryArguments("--name", "-n"), [], async (_, client, cancellationToken) =>
            Json.Array(await client.ListDeletedRepositoriesAsync(cancellationToken).ToListAsync(cancellationToken)));

    /// <summary><c>acr manifest list-deleted</c></summary>
    public static Command ListManifests()
    {
        var repository = ApiCommand.Required("The repository's name.", "--name", "-n");
        return RegistryCommand.Create(
            "list-deleted", "Lists the deleted manifests of a repository that can be restored.", Registry(), [repository], async (parsed, client, cancellationToken) =>
                Json.Array(await client.ListDeletedManifestsAsync(ImageName.RepositoryIn(parsed, repository), cancellationToken).ToListAsync(cancellationToken)));
    }

    /// <summary><c>acr manifest list-deleted-tags</c></summary>
    public static Command ListTags()
    {
        var image = ApiCommand.Required("The repository, or one tag of it: repository[:tag].", "--name", "-n");
        return RegistryCommand.Create(
            "list-deleted-tags", "Lists the deleted tags of a repository, each with the manifest that it named.", Registry(), [image], async (parsed, client, cancellationToken) =>
            {
                var (repository, tag) = Parse(parsed.GetValue(image)!);
                var tags = await client.ListDeletedTagsAsync(repository, cancellationToken).ToListAsync(cancellationToken);
                return Json.Array(tags.Where(entry => tag is null || entry.Text("tag") == tag.Value.Value));
            });
    }

    /// <summary><c>acr manifest restore</c></summary>
    public static Command Restore()
    {
        var image = ApiCommand.Required("The repository and the tag to restore under: repository:tag. Without a tag, and with --digest, the tags that it had.", "--name", "-n");
        var digest = ApiCommand.Optional("The manifest; that of the newest deletion of the tag when it is not given.", "--digest", "-d");
        var force = ApiCommand.Switch("Take the tag from the manifest that it names now.", "--force", "-f");
        var yes = Confirmation.Option();
        return RegistryCommand.Create("restore", "Restores a deleted manifest.", Registry(), [image, digest, force, yes], async (parsed, client, cancellationToken) =>
        {
            var (repository, tag) = Parse(parsed.GetValue(image)!);
            var manifest = parsed.GetValue(digest) is { } text
                ? Digest.TryParse(text, out var named) ? named : throw new ArgumentException($"'{text}' is no digest; write sha256:….")
                : await FindAsync(client, repository, tag ?? throw new ArgumentException("Give a tag (--name repository:tag), or --digest."), parsed.GetValue(yes), cancellationToken);
            return await client.RestoreManifestAsync(repository, manifest, tag, parsed.GetValue(force), cancellationToken);
        }, changes: true);
    }

    // The newest deletion of a tag comes last.
    private static async Task<Digest> FindAsync(RegistryClient client, RepositoryName repository, Tag tag, bool isConfirmed, CancellationToken cancellationToken)
    {
        var named = await client.ListDeletedTagsAsync(repository, cancellationToken).Where(entry => entry.Text("tag") == tag.Value).ToListAsync(cancellationToken);
        if (named.Count == 0 || !Digest.TryParse(named[^1].Required("digest"), out var digest)) throw new ClientException($"no deletion of '{repository}:{tag}' is remembered.");
        if (named.Count > 1) Confirmation.Require($"'{repository}:{tag}' was deleted {named.Count} times. Restore {digest}, the last that it named?", isConfirmed);
        return digest;
    }

    private static (RepositoryName Repository, Tag? Tag) Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? text : text[..colon];
        if (!RepositoryName.TryParse(name, out var repository)) throw new ArgumentException($"'{name}' is not a repository name.");
        if (colon < 0) return (repository, null);
        var after = text[(colon + 1)..];
        return Tag.TryParse(after, out var tag) ? (repository, tag) : throw new ArgumentException($"'{after}' is not a tag.");
    }

    private static RegistryArguments Registry() => new("--registry", "-r");
}
