using System.CommandLine;
using Berth.Cli.Session;
using Berth.Oci;
using Berth.Oci.Client;

namespace Berth.Cli.Acr;

/// <summary><c>acr repository</c>: repositories and their tags.</summary>
internal static class RepositoryCommands
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("repository", "Repositories and their tags.") { List(), Show(), ShowTags(), Update(), Untag(), Delete(), DeletedCommands.ListRepositories() };

    private static Command List()
    {
        var top = AttributeOptions.TopOption();
        return RegistryCommand.CreateList("list", "Lists the repositories that you may see.", Registry(), [top], (parsed, client, cancellationToken) =>
            client.ListRepositoriesAsync(AttributeOptions.PageSize(parsed.GetValue(top)), cancellationToken).Take(parsed.GetValue(top) ?? int.MaxValue));
    }

    private static Command Show()
    {
        var (repository, image) = (Repository(), Image());
        return RegistryCommand.Create("show", "Shows the attributes of a repository or an image.", Registry(), [repository, image], async (parsed, client, cancellationToken) =>
        {
            var (name, reference) = ImageName.EitherIn(parsed, repository, image);
            return AttributeOptions.Inner(await client.GetAttributesAsync(name, reference, cancellationToken));
        });
    }

    private static Command ShowTags()
    {
        var repository = ApiCommand.Required("The repository's name.", "--repository");
        var detail = ApiCommand.Switch("Show digests, times and attributes.", "--detail");
        var (order, top) = (AttributeOptions.OrderOption(), AttributeOptions.TopOption());
        return RegistryCommand.Create("show-tags", "Lists the tags of a repository.", Registry(), [repository, detail, order, top], (parsed, client, printer, cancellationToken) =>
        {
            var name = ImageName.RepositoryIn(parsed, repository);
            var limit = parsed.GetValue(top);
            if (!parsed.GetValue(detail) && parsed.GetValue(order) is null)
                return printer.WriteAsync(client.ListTagsAsync(name, AttributeOptions.PageSize(limit), cancellationToken).Take(limit ?? int.MaxValue), cancellationToken);

            var tags = client.ListTagAttributesAsync(name, AttributeOptions.Order(parsed.GetValue(order)), AttributeOptions.PageSize(limit), cancellationToken).Take(limit ?? int.MaxValue);
            return parsed.GetValue(detail) ? printer.WriteAsync(tags, cancellationToken) : printer.WriteAsync(tags.Select(tag => tag.Required("name")), cancellationToken);
        });
    }

    private static Command Update()
    {
        var (repository, image, attributes) = (Repository(), Image(), new AttributeOptions());
        return RegistryCommand.Create("update", "Locks or unlocks a repository or an image.", Registry(), [repository, image, .. attributes.All], async (parsed, client, cancellationToken) =>
        {
            var (name, reference) = ImageName.EitherIn(parsed, repository, image);
            return AttributeOptions.Inner(await client.SetAttributesAsync(name, reference, attributes.Read(parsed), cancellationToken));
        }, changes: true);
    }

    private static Command Untag()
    {
        var image = ApiCommand.Required("The image, repository:tag.", "--image", "-t");
        return RegistryCommand.Create("untag", "Removes a tag; its manifest stays.", Registry(), [image], async (parsed, client, cancellationToken) =>
        {
            var (repository, reference) = ImageName.Parse(parsed.GetValue(image)!);
            if (reference.IsDigest) throw new ArgumentException("--image must name a tag: repository:tag.");
            await client.UntagAsync(repository, reference.Tag, cancellationToken);
            return default;
        });
    }

    private static Command Delete()
    {
        var (repository, image) = (Repository(), Image());
        var yes = Confirmation.Option();
        return RegistryCommand.Create(
            "delete", "Deletes a repository with all it holds, or an image's manifest with all its tags.", Registry(), [repository, image, yes], async (parsed, client, cancellationToken) =>
            {
                var (name, reference) = ImageName.EitherIn(parsed, repository, image);
                if (reference is { } of)
                {
                    await DeleteImageAsync(client, new ImageName(name, of), parsed.GetValue(yes), cancellationToken);
                    return default;
                }

                Confirmation.Require($"Delete the repository '{name}' and all images in it?", parsed.GetValue(yes));
                return await client.DeleteRepositoryAsync(name, cancellationToken);
            }, changes: true);
    }

    /// <summary>Deletes the manifest of an image, with all its tags.</summary>
    public static async Task DeleteImageAsync(RegistryClient client, ImageName image, bool isConfirmed, CancellationToken cancellationToken)
    {
        var found = await client.FindManifestAsync(image.Repository, image.Reference, cancellationToken);
        var digest = found?.Digest is { IsDefault: false } named ? named : throw new ClientException($"there is no '{image}'.");
        Confirmation.Require($"Delete the manifest '{digest}' of '{image.Repository}' and all its tags?", isConfirmed);
        if (!await client.DeleteManifestAsync(image.Repository, Reference.To(digest), cancellationToken)) throw new ClientException($"there is no '{image}' any more.");
    }

    private static RegistryArguments Registry() => new("--name", "-n");

    private static Option<string?> Repository() => ApiCommand.Optional("The repository's name.", "--repository");

    private static Option<string?> Image() => ApiCommand.Optional("The image: repository:tag or repository@digest.", "--image", "-t");
}
