using System.Globalization;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Evidence;

/// <summary>Evidence as a page for people.</summary>
internal sealed class PageEvidence(TextWriter output, IPageText page) : IEvidenceForm
{
    private static readonly string[] Plain =
        ["location", "creationDate", "roleAssignmentMode", "adminUserEnabled", "anonymousPullEnabled", "publicNetworkAccess", "networkRuleBypassOptions"];

    private static readonly string[] Policies = ["exportPolicy", "softDeletePolicy", "retentionPolicy", "quarantinePolicy", "trustPolicy", "azureADAuthenticationAsArmPolicy"];

    /// <inheritdoc/>
    public async Task BeginAsync(JsonElement head, CancellationToken cancellationToken)
    {
        var registry = head.At("registry");
        await WriteAsync(page.Begin($"Release evidence of {registry.Text("loginServer") ?? registry.Text("name")}"), cancellationToken);
        await WriteAsync(page.Paragraph(
            $"Taken at {Time(head, "takenAt")} by {head.Text("takenBy")} with client {head.Text("clientVersion")} from {head.Text("server")}, version {head.Text("serverVersion")}."), cancellationToken);
        await WriteAsync(page.Heading(2, "The registry"), cancellationToken);
        await WriteAsync(page.Table(["setting", "value"], Settings(registry)), cancellationToken);
        if (head.At("locks").Items().Any())
        {
            await WriteAsync(page.Heading(3, "Locks"), cancellationToken);
            await WriteAsync(
                page.Table(["lock", "level", "notes", "id"], head.At("locks").Items().Select(one => Cells(one.Text("name"), one.Text("level"), one.Text("notes"), one.Text("id")))), cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task AddAsync(JsonElement repository, CancellationToken cancellationToken)
    {
        await WriteAsync(page.Heading(2, repository.Text("name")!), cancellationToken);
        await WriteAsync(page.Paragraph(About(repository)), cancellationToken);
        if (repository.At("access").ValueKind == JsonValueKind.Array)
        {
            await WriteAsync(page.Heading(3, "Who may do what"), cancellationToken);
            await WriteAsync(page.Table(["who", "kind", "may", "by", "role", "scope", "condition"], repository.At("access").Items().Select(Right)), cancellationToken);
        }

        await WriteAsync(page.Heading(3, "Images"), cancellationToken);
        await WriteAsync(page.Table(
            ["tags", "digest", "pushed", "by", "last pull", "size", "platform", "locks"], repository.At("manifests").Items().Select(Image)), cancellationToken);
        foreach (var manifest in repository.At("manifests").Items().Where(manifest => manifest.At("referrers").Items().Any()))
        {
            await WriteAsync(page.Heading(3, $"What refers to {manifest.Text("digest")}"), cancellationToken);
            await WriteAsync(page.Table(
                ["artifact type", "digest", "size"], manifest.At("referrers").Items().Select(one => Cells(one.Text("artifactType"), one.Text("digest"), Size(one, "size")))), cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task EndAsync(EvidenceTotals totals, CancellationToken cancellationToken)
    {
        await WriteAsync(page.Heading(2, "All of it"), cancellationToken);
        await WriteAsync(page.Paragraph(FormattableString.Invariant(
            $"{totals.Repositories} repositories, {totals.Manifests} manifests, {totals.Tags} tags. What locks keep from lists is not among them.")), cancellationToken);
        await WriteAsync(page.End(), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await output.FlushAsync();

    private static IEnumerable<IReadOnlyList<string>> Settings(JsonElement registry)
    {
        foreach (var name in Plain) yield return Cells(name, Word(registry.At(name)));
        yield return Cells("sku", registry.At("sku").Text("name"));
        yield return Cells("networkRuleSet.defaultAction", registry.At("networkRuleSet").Text("defaultAction"));
        yield return Cells("networkRuleSet.ipRules", string.Join(", ", registry.At("networkRuleSet", "ipRules").Items().Select(rule => rule.Text("value") ?? rule.Text("ipAddressOrRange"))));
        yield return Cells("privateEndpointConnections", string.Join(", ", registry.At("privateEndpointConnections").Items().Select(Connection)));
        foreach (var policy in Policies) yield return Cells(policy, registry.At("policies", policy).Text("status"));
    }

    private static string Connection(JsonElement connection) =>
        $"{connection.Text("name")} ({connection.At("properties", "privateLinkServiceConnectionState").Text("status")})";

    private static string About(JsonElement repository)
    {
        var text = $"Made {Time(repository, "createdTime")}, last changed {Time(repository, "lastUpdateTime")}; {Size(repository, "storageSize")} stored.";
        if (repository.Text("description") is { Length: > 0 } description) text += $" {description}";
        if (repository.Text("owner") is { Length: > 0 } owner) text += $" Owner: {owner}.";
        if (repository.Text("contact") is { Length: > 0 } contact) text += $" Contact: {contact}.";
        if (repository.Flag("anonymousPullEnabled")) text += " Anybody may pull from it without a credential.";
        return Locks(repository) is { Length: > 0 } locks ? $"{text} Locked: {locks}." : text;
    }

    private static string[] Right(JsonElement entry)
    {
        var groups = string.Join(", ", entry.At("groups").Items().Select(group => group.GetString()));
        return Cells(
            entry.Text("name") is { Length: > 0 } name ? name : "anybody", entry.Text("kind"), string.Join(", ", entry.At("actions").Items().Select(action => Word(action))),
            groups.Length == 0 ? entry.Text("way") : $"{entry.Text("way")} through {groups}", entry.Text("role"), entry.Text("scope"), entry.Text("condition"));
    }

    private static string[] Image(JsonElement manifest) => Cells(
        string.Join(", ", manifest.At("tags").Items().Select(Tag)), manifest.Text("digest"), Time(manifest, "createdTime"), manifest.Text("createdBy"),
        manifest.Text("lastPullTime") is null ? "not known" : Time(manifest, "lastPullTime"), Size(manifest, "imageSize"),
        manifest.Text("os") is { } system ? $"{system}/{manifest.Text("architecture")}" : manifest.Text("artifactType"), Locks(manifest));

    private static string Tag(JsonElement tag)
    {
        var (age, locks) = (tag.At("ageDays").ValueKind == JsonValueKind.Number ? $" ({tag.At("ageDays").GetRawText()} days)" : "", Locks(tag));
        return $"{tag.Text("name")}{age}{(locks.Length == 0 ? "" : $" locked: {locks}")}";
    }

    private static string Locks(JsonElement item) => string.Join(
        ", ",
        item.At("changeableAttributes") is { ValueKind: JsonValueKind.Object } flags ? flags.EnumerateObject().Where(flag => flag.Value.ValueKind == JsonValueKind.False).Select(flag => flag.Name) : []);

    private static string Time(JsonElement item, string name) => item.At(name) is { ValueKind: JsonValueKind.String } value && value.TryGetDateTimeOffset(out var time)
        ? time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)
        : "";

    private static string Size(JsonElement item, string name)
    {
        if (item.At(name) is not { ValueKind: JsonValueKind.Number } value || !value.TryGetInt64(out var bytes)) return "";
        return bytes < 1024 ? FormattableString.Invariant($"{bytes} B")
            : bytes < 1 << 20 ? FormattableString.Invariant($"{bytes / 1024.0:0.0} KiB")
            : bytes < 1 << 30 ? FormattableString.Invariant($"{bytes / 1048576.0:0.0} MiB")
            : FormattableString.Invariant($"{bytes / 1073741824.0:0.0} GiB");
    }

    private static string Word(JsonElement value) => FlatRows.TextOf(value);

    private static string[] Cells(params string?[] cells) => [.. cells.Select(cell => cell ?? "")];

    private Task WriteAsync(string text, CancellationToken cancellationToken) => output.WriteAsync(text.AsMemory(), cancellationToken);
}
