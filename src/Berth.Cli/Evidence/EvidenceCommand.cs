using System.CommandLine;
using Berth.Cli.Acr;
using Berth.Cli.Query;
using Berth.Cli.Session;

namespace Berth.Cli.Evidence;

/// <summary><c>acr evidence</c>: what a release consists of and who may touch it, for whoever has to show it.</summary>
internal static class EvidenceCommand
{
    private const string Page = "page";

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var name = RegistryResource.NameOption("--name", "--registry", "-n", "-r");
        var repository = ApiCommand.Optional("Only this repository.", "--repository");
        var image = ApiCommand.Optional("Only this image: repository:tag or repository@digest.", "--image", "-t");
        var without = ApiCommand.Switch("Leave out who may pull and push, which takes the right to read role assignments.", "--no-access");
        var file = ApiCommand.Optional("Write it as a page to this file, too: HTML when its name ends in .html, Markdown otherwise.", "--page");
        var format = new Option<string>("--output", "-o") { Description = "json, or page for Markdown.", DefaultValueFactory = _ => "json" };
        format.AcceptOnlyFromAmong("json", Page);
        var query = ApiCommand.Optional("A JMESPath expression: what of the JSON is printed.", "--query");
        var command = new Command(
            "evidence", "Writes down what a registry, a repository or an image is: digests, tags, who pushed them and when, last pulls, sizes, locks, rules, policies, and who may do what.")
        {
            name, repository, image, without, file, format, query,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var isPage = parsed.GetValue(format) == Page;
            if (isPage && parsed.GetValue(query) is not null) throw new ArgumentException("Give --query or --output page, not both: a query is of the JSON.");
            var about = ImageName.OptionalIn(parsed, repository, image);
            var question = new EvidenceQuestion(parsed.GetValue(name)!, about?.Repository, about?.Reference, !parsed.GetValue(without));
            await using var output = new EvidenceOutput(isPage, parsed.GetValue(query) is { } text ? JmesPath.Parse(text) : null, parsed.GetValue(file));
            await WriteAsync(question, output, cancellationToken);
        });
        return command;
    }

    private static async Task WriteAsync(EvidenceQuestion question, EvidenceOutput output, CancellationToken cancellationToken)
    {
        using var progress = Progress.OfConsole();
        using var session = await ApiSession.OpenAsync(cancellationToken);
        using var client = await RegistryTarget.Of(session.State, question.Registry).ConnectAsync(cancellationToken);
        var reader = new EvidenceReader(session, client, question, TimeProvider.System);
        await output.BeginAsync(await reader.ReadHeadAsync(cancellationToken), cancellationToken);
        await foreach (var repository in reader.ReadRepositoriesAsync(cancellationToken))
        {
            await output.AddAsync(repository, cancellationToken);
            progress.Say(FormattableString.Invariant($"{output.Totals.Repositories} repositories, {output.Totals.Manifests} manifests"));
        }

        await output.EndAsync(cancellationToken);
    }
}
