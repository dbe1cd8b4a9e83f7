using System.CommandLine;
using Berth.Cli.Acr;
using Berth.Cli.Session;
using Berth.Oci;
using Berth.Oci.Client;

namespace Berth.Cli.Usage;

/// <summary><c>usage</c>: what a registry, its repositories and images hold.</summary>
internal static class UsageCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("usage", "What a registry, its repositories and images hold.") { Show(), Repositories(), Owners(), Image(), History() };

    private static Command Show()
    {
        var repository = ApiCommand.Optional("One repository; the registry as a whole when it is not given.", "--repository");
        return RegistryCommand.Create("show", "Shows what a registry or a repository holds, and its quota.", Registry(), [repository], (parsed, client, cancellationToken) =>
            parsed.GetValue(repository) is null
                ? client.GetUsageAsync(cancellationToken)
                : client.GetRepositoryUsageAsync(ImageName.RepositoryIn(parsed, repository!), cancellationToken));
    }

    private static Command Repositories()
    {
        var top = new Option<int?>("--top") { Description = "How many to list: 100 of the largest when it is not given, or all by name." };
        var order = new Option<string>("--orderby") { Description = "bytes, the largest first, or name.", DefaultValueFactory = _ => "bytes" };
        order.AcceptOnlyFromAmong("bytes", "name");
        return RegistryCommand.Create("repositories", "Lists what repositories hold.", Registry(), [top, order], (parsed, client, printer, cancellationToken) =>
        {
            var most = parsed.GetValue(top);
            return printer.WriteAsync(
                parsed.GetValue(order) == "name"
                    ? client.ListRepositoryUsageAsync(cancellationToken).Take(most ?? int.MaxValue)
                    : client.ListLargestRepositoriesAsync(most ?? 100, cancellationToken),
                cancellationToken);
        });
    }

    private static Command Owners()
    {
        var top = new Option<int>("--top") { Description = "How many of the largest to list, 1,000 at most.", DefaultValueFactory = _ => 100 };
        return RegistryCommand.Create("owners", "Lists what the repositories of each owner hold together.", Registry(), [top], (parsed, client, printer, cancellationToken) =>
            printer.WriteAsync(client.ListOwnerUsageAsync(parsed.GetValue(top), cancellationToken), cancellationToken));
    }

    private static Command Image()
    {
        var images = new Option<string[]>("--image", "-t")
        {
            Description = "An image, repository:tag or repository@digest; several of one repository are counted together.",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        var alone = ApiCommand.Switch("Count an index without the images that it lists.", "--without-children");
        return RegistryCommand.Create("image", "Shows what images hold, and what their deletion would free.", Registry(), [images, alone], async (parsed, client, cancellationToken) =>
        {
            var named = parsed.GetValue(images)!.Select(ImageName.Parse).ToList();
            if (named.Exists(image => image.Repository != named[0].Repository)) throw new ArgumentException("Name images of one repository; what one frees in another is another matter.");
            var digests = new List<Digest>();
            foreach (var image in named) digests.Add(await FindAsync(client, image, cancellationToken));
            return await client.GetImageUsageAsync(named[0].Repository, digests, !parsed.GetValue(alone), cancellationToken);
        });
    }

    private static Command History()
    {
        var days = new Option<int>("--days") { Description = "How many days back, 1 to 400.", DefaultValueFactory = _ => 30 };
        var repository = ApiCommand.Optional("One repository; the registry as a whole when it is not given.", "--repository");
        return RegistryCommand.Create("history", "Lists what a registry or a repository held on the last days.", Registry(), [days, repository], async (parsed, client, cancellationToken) =>
            (parsed.GetValue(repository) is null
                ? await client.GetUsageHistoryAsync(parsed.GetValue(days), cancellationToken)
                : await client.GetUsageHistoryAsync(ImageName.RepositoryIn(parsed, repository!), parsed.GetValue(days), cancellationToken)).At("days"));
    }

    private static async Task<Digest> FindAsync(RegistryClient client, ImageName image, CancellationToken cancellationToken)
    {
        if (image.Reference.IsDigest) return image.Reference.Digest;
        var found = await client.FindManifestAsync(image.Repository, image.Reference, cancellationToken);
        return found?.Digest is { IsDefault: false } digest ? digest : throw new ClientException($"there is no '{image}'.");
    }

    private static RegistryArguments Registry() => new("--registry", "-r");
}
