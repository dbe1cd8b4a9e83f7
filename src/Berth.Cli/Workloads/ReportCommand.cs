using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Berth.Cli.Acr;
using Berth.Cli.Session;
using Berth.Oci.Client;

namespace Berth.Cli.Workloads;

/// <summary><c>workloads report</c>: reads what a cluster or a machine says that it runs, and reports what of it came from the registry.</summary>
internal static class ReportCommand
{
    private const int MaxInput = 256 * 1024 * 1024;
    private const int MostNamed = 5;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var name = WorkloadsCommand.Name();
        var (cluster, part, owner) = (
            ApiCommand.Optional("Where it runs.", "--cluster"), ApiCommand.Optional("The part of the cluster.", "--namespace"), ApiCommand.Optional("Who answers for it.", "--owner"));
        var ttl = ApiCommand.Optional("How long the report holds: seconds, or an ISO 8601 duration such as PT6H; one day when it is not given.", "--ttl");
        var from = new Option<ListingFormat>("--from")
        {
            Description = "What is read: kubectl (get pods -o json), podman (ps and images --format json), crictl (ps and images -o json), or digests, one a line.",
            DefaultValueFactory = _ => ListingFormat.Kubectl,
        };
        var file = new Option<string>("--file", "-f") { Description = "The file that is read; - for stdin.", DefaultValueFactory = _ => "-" };
        var hosts = new Option<string[]>("--host") { Description = "Another name of the registry in images: host[:port].", AllowMultipleArgumentsPerToken = true };
        var any = ApiCommand.Switch("Report images of every registry; those of others count in each repository.", "--any-host");
        var empty = ApiCommand.Switch("Report also when nothing of the registry runs.", "--allow-empty");
        return RegistryCommand.Create(
            "report", "Reports what runs, in the place of the workload's report before.", WorkloadsCommand.Registry(), [name, cluster, part, owner, ttl, from, file, hosts, any, empty],
            async (parsed, client, cancellationToken) =>
            {
                var listing = Listing.Parse(await ReadAsync(parsed.GetValue(file)!, cancellationToken), parsed.GetValue(from));
                var images = Choose(listing, [client.Address.Authority, .. parsed.GetValue(hosts) ?? []], parsed.GetValue(any));
                await WarnAsync(listing, images);
                if (images.Known.Count == 0 && !parsed.GetValue(empty)) throw Empty(listing, client);
                var report = Json.Make(json =>
                {
                    json.TextIfAny("cluster", parsed.GetValue(cluster));
                    json.TextIfAny("namespace", parsed.GetValue(part));
                    json.TextIfAny("owner", parsed.GetValue(owner));
                    json.TextIfAny("ttl", parsed.GetValue(ttl));
                    Write(json, images);
                });
                return await client.ReportWorkloadAsync(parsed.GetValue(name)!, report, cancellationToken);
            }, changes: true);
    }

    private static ChosenImages Choose(Listing listing, string[] hosts, bool any)
    {
        var chosen = new ChosenImages([], []);
        foreach (var image in listing.Images)
        {
            var isOwn = image.Host is { } host && hosts.Contains(host, StringComparer.OrdinalIgnoreCase);

            // A bare digest is one that somebody wrote down for this registry.
            if (!isOwn && !any && image.Host is not null) continue;
            if (image.Digest.IsDefault) chosen.Unknown.Add(image.Text);
            else chosen.Known.Add((isOwn || image.Host is null ? image.Repository?.Value : null, image.Digest.ToString()));
        }

        return chosen;
    }

    private static void Write(Utf8JsonWriter json, ChosenImages images)
    {
        json.WriteStartArray("images"u8);
        foreach (var (repository, digest) in images.Known)
        {
            json.WriteStartObject();
            json.TextIfAny("repository", repository);
            json.WriteString("digest"u8, digest);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    // What is pulled by a tag and whose digest nobody says is not protected: that must not pass in silence.
    private static async Task WarnAsync(Listing listing, ChosenImages images)
    {
        var unknown = images.Unknown.Where(text => !listing.IsResolved(text)).ToList();
        if (unknown.Count == 0) return;
        var named = string.Join(", ", unknown.Order(StringComparer.Ordinal).Take(MostNamed));
        await Console.Error.WriteLineAsync(
            $"berth: warning: the digest of {unknown.Count.ToString(CultureInfo.InvariantCulture)} image(s) is not in what was read, and they are not protected: {named}{(unknown.Count > MostNamed ? ", …" : "")}");
    }

    private static ClientException Empty(Listing listing, RegistryClient client) => new(
        $"of the {listing.Images.Count} image(s) that were read none with a digest is of {client.Address.Authority}, and the report before stands. Name the registry as images do (--host), take all (--any-host), or report that nothing runs (--allow-empty).");

    private static async Task<byte[]> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            await using var input = file == "-" ? Console.OpenStandardInput() : File.OpenRead(file);
            using var bytes = new MemoryStream();
            var block = new byte[81_920];
            while (await input.ReadAsync(block, cancellationToken) is var read and > 0)
            {
                if (bytes.Length + read > MaxInput) throw new ClientException($"{Describe(file)} holds more than the {MaxInput} bytes that are read; report by namespace.");
                bytes.Write(block, 0, read);
            }

            // The program before in the pipe failed: an empty report would take away all protection.
            return bytes.Length > 0 ? bytes.ToArray() : throw new ClientException($"{Describe(file)} is empty; nothing was reported, and the report before stands.");
        }
        catch (Exception e) when (file != "-" && e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ClientException($"'{file}' cannot be read: {e.Message}");
        }
    }

    private static string Describe(string file) => file == "-" ? "stdin" : $"'{file}'";

    /// <summary>What is reported.</summary>
    /// <param name="Known">Repository, or null, and digest.</param>
    /// <param name="Unknown">Images whose digest is not known.</param>
    private sealed record ChosenImages(HashSet<(string? Repository, string Digest)> Known, HashSet<string> Unknown);
}
