using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary>Asks a registry's auditor's questions.</summary>
internal static class AccessAnswers
{
    // The answers have no versions yet; the control plane's addresses end in one.
    private const string Version = "1";

    /// <summary>An answer that is one object.</summary>
    public static Task<JsonElement> GetAsync(ApiSession session, string? registry, string question, string query, CancellationToken cancellationToken) =>
        session.ArmAsync(HttpMethod.Get, PathOf(registry, question), Version, null, cancellationToken, query);

    /// <summary>Every entry of a list, from all its pages; without a registry, of what belongs to none.</summary>
    public static async Task<JsonElement> ListAsync(ApiSession session, string? registry, string question, string query, CancellationToken cancellationToken)
    {
        var first = await GetAsync(session, registry, question, query, cancellationToken);
        if (first.TryGetProperty("isCut", out var cut) && cut.GetBoolean())
            await Console.Error.WriteLineAsync("berth: there is more than fits in one answer; what follows is a part.");
        if (!first.TryGetProperty("nextLink", out _)) return first.GetProperty("value");
        return Json.Array(await session.ArmListAsync(PathOf(registry, question), Version, cancellationToken, query));
    }

    private static string PathOf(string? registry, string question) =>
        registry is null ? $"/berth/v1/access/{question}" : $"/berth/v1/registries/{Uri.EscapeDataString(registry)}/access/{question}";
}
