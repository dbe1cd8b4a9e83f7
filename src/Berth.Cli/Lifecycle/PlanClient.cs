using System.Text.Json;
using Berth.Cli.Session;
using Berth.Oci.Client;

namespace Berth.Cli.Lifecycle;

/// <summary>Asks a registry for previews and runs, and waits for their end.</summary>
internal static class PlanClient
{
    private const string Previews = "previews";
    private const string Runs = "runs";

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    /// <summary>A preview of rules: names, or rules themselves; of all that are enabled without any.</summary>
    public static Task<JsonElement> PreviewAsync(RegistryClient client, IReadOnlyCollection<JsonElement> rules, CancellationToken cancellationToken) =>
        MakeAsync(client, Previews, Json.Make(json => WriteRules(json, rules)), cancellationToken);

    /// <summary>A run of a preview.</summary>
    public static Task<JsonElement> RunAsync(RegistryClient client, long preview, double? maxDifference, CancellationToken cancellationToken) => MakeAsync(
        client, Runs,
        Json.Make(json =>
        {
            json.WriteNumber("preview"u8, preview);
            if (maxDifference is { } share) json.WriteNumber("maxDifference"u8, share);
        }),
        cancellationToken);

    /// <summary>A run of rules, without a preview to go by.</summary>
    public static Task<JsonElement> RunAsync(RegistryClient client, IReadOnlyCollection<JsonElement> rules, CancellationToken cancellationToken) =>
        MakeAsync(client, Runs, Json.Make(json => WriteRules(json, rules)), cancellationToken);

    /// <summary>What a plan takes, or what something keeps.</summary>
    public static IAsyncEnumerable<JsonElement> ItemsAsync(RegistryClient client, bool isRun, long id, bool kept, CancellationToken cancellationToken) =>
        client.ListLifecycleAsync(FormattableString.Invariant($"{(isRun ? Runs : Previews)}/{id}/items?n=200&kept={(kept ? "true" : "false")}"), "items", cancellationToken);

    /// <summary>A plan's id.</summary>
    public static long IdOf(JsonElement plan) => plan.At("id") is { ValueKind: JsonValueKind.Number } id && id.TryGetInt64(out var number)
        ? number
        : throw new ClientException("the answer has no 'id'; is the server another version than this client?");

    /// <summary>A number of a plan; 0 when it is absent.</summary>
    public static long NumberOf(JsonElement plan, string name) => plan.At(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : 0;

    private static void WriteRules(Utf8JsonWriter json, IReadOnlyCollection<JsonElement> rules)
    {
        if (rules.Count == 0) return;
        json.WriteStartArray("rules"u8);
        foreach (var rule in rules) rule.WriteTo(json);
        json.WriteEndArray();
    }

    private static async Task<JsonElement> MakeAsync(RegistryClient client, string path, JsonElement body, CancellationToken cancellationToken)
    {
        using var progress = Progress.OfConsole();
        var plan = await client.PostLifecycleAsync(path, body, cancellationToken);
        for (; plan.Text("state") is "waiting" or "evaluating" or "acting"; plan = await client.GetLifecycleAsync(FormattableString.Invariant($"{path}/{IdOf(plan)}"), cancellationToken))
        {
            // A run that has to wait goes on by itself.
            if (plan.Text("message") is { } reason) throw new ClientException(FormattableString.Invariant($"run {IdOf(plan)} is not done yet. {reason}"));
            progress.Say(FormattableString.Invariant($"{plan.Text("state")}: {NumberOf(plan, "tags")} tags, {NumberOf(plan, "manifests")} manifests, {NumberOf(plan, "done")} done"));
            await Task.Delay(BetweenLooks, cancellationToken);
        }

        return plan.Text("state") == "done" ? plan : throw new ClientException($"the {(path == Runs ? "run" : "preview")} {plan.Text("state")}. {plan.Text("message")}");
    }
}
