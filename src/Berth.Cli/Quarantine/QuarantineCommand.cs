using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Berth.Cli.Acr;
using Berth.Cli.Session;
using Berth.Oci;
using Berth.Oci.Client;

namespace Berth.Cli.Quarantine;

/// <summary><c>quarantine</c>: keeps content from those who pull, which Azure has no command for.</summary>
internal static class QuarantineCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("quarantine", "Keeps a repository, an image or a digest from those who pull.") { Add(), List(), Remove(), PolicyCommands.Quarantine() };

    private static Command Add()
    {
        var target = new Target();
        var reason = ApiCommand.Required("Why: those are told who are refused.", "--reason");
        var until = ApiCommand.Optional("When it ends by itself, such as 2030-01-31T00:00:00Z; never when neither this nor --days is given.", "--until");
        var days = new Option<int?>("--days") { Description = "In how many days it ends by itself." };
        return RegistryCommand.Create("add", "Quarantines a repository, an image or a digest.", Registry(), [.. target.All, reason, until, days], async (parsed, client, cancellationToken) =>
        {
            var settings = Json.Make(json =>
            {
                json.WriteString("reason"u8, parsed.GetValue(reason));
                if (ReadEnd(parsed.GetValue(until), parsed.GetValue(days)) is { } end) json.WriteString("until"u8, end);
            });
            var (repository, digest) = await target.ReadAsync(parsed, client, cancellationToken);
            return repository is { } name ? await client.QuarantineAsync(name, settings, cancellationToken) : await client.QuarantineAsync(digest, settings, cancellationToken);
        }, changes: true);
    }

    private static Command List() => RegistryCommand.Create("list", "Lists what is quarantined: repositories, then digests.", Registry(), [], async (_, client, cancellationToken) =>
    {
        var repositories = await client.ListQuarantinedRepositoriesAsync(cancellationToken).ToListAsync(cancellationToken);
        var digests = await client.ListQuarantinedDigestsAsync(cancellationToken).ToListAsync(cancellationToken);
        return Json.Array(repositories.Concat(digests));
    });

    private static Command Remove()
    {
        var target = new Target();
        return RegistryCommand.Create("remove", "Ends the quarantine of a repository, an image or a digest.", Registry(), target.All, async (parsed, client, cancellationToken) =>
        {
            var (repository, digest) = await target.ReadAsync(parsed, client, cancellationToken);
            await (repository is { } name ? client.EndQuarantineAsync(name, cancellationToken) : client.EndQuarantineAsync(digest, cancellationToken));
            return default(JsonElement);
        });
    }

    private static DateTimeOffset? ReadEnd(string? until, int? days) => (until, days) switch
    {
        (null, null) => null,
        (null, { } number) when number is > 0 and <= 36_500 => TimeProvider.System.GetUtcNow().AddDays(number),
        ({ } text, null) when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) => time,
        (null, { }) => throw new ArgumentException("--days is a number from 1 to 36500."),
        ({ } text, null) => throw new ArgumentException($"--until is '{text}', which is no time; write 2030-01-31T00:00:00Z."),
        _ => throw new ArgumentException("Give --until or --days, not both."),
    };

    private static RegistryArguments Registry() => new("--registry", "-r");

    /// <summary>The flags that name what is quarantined.</summary>
    private sealed class Target
    {
        private readonly Option<string?> _repository = ApiCommand.Optional("A repository, with all that it holds and will hold.", "--repository");
        private readonly Option<string?> _image = ApiCommand.Optional("An image: repository:tag, or repository@sha256:…. What the tag names now is meant, in every repository of the registry.", "--image", "-t");
        private readonly Option<string?> _digest = ApiCommand.Optional("A digest, whether or not it is there.", "--digest");

        public IEnumerable<Option> All => [_repository, _image, _digest];

        public async Task<(RepositoryName? Repository, Digest Digest)> ReadAsync(ParseResult parsed, RegistryClient client, CancellationToken cancellationToken)
        {
            switch (parsed.GetValue(_repository), parsed.GetValue(_image), parsed.GetValue(_digest))
            {
                case ({ } name, null, null):
                    return (RepositoryName.TryParse(name, out var repository) ? repository : throw new ArgumentException($"'{name}' is not a repository name."), default);
                case (null, { } text, null):
                    var image = ImageName.Parse(text);
                    if (image.Reference.IsDigest) return (null, image.Reference.Digest);
                    var found = await client.FindManifestAsync(image.Repository, image.Reference, cancellationToken);
                    return found is { Digest.IsDefault: false } manifest ? (null, manifest.Digest) : throw new ClientException($"there is no image '{image}', or it is quarantined and hidden.");
                case (null, null, { } digest):
                    return (null, Digest.TryParse(digest, out var given) ? given : throw new ArgumentException($"'{digest}' is no digest; write sha256:…."));
                default:
                    throw new ArgumentException("Give one of --repository, --image and --digest.");
            }
        }
    }
}
