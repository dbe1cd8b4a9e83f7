using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Login;

/// <summary><c>account</c>: who is signed in, and the subscription that it is about, of which an installation has one.</summary>
internal static class AccountCommand
{
    private const string Version = "2022-12-01";

    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("account", "Who is signed in.") { Show(), List(), ListLocations(), Set() };

    // What is known without a call, so that it also answers where the server does not.
    private static Command Show() => ApiCommand.Create("show", "Shows who is signed in, and to what.", [], (_, session, _) => Task.FromResult(Json.Make(json =>
    {
        json.WriteString("environmentName"u8, "Berth"u8);
        WriteAccount(json, session.State);
        json.WriteString("endpoint"u8, session.State.Endpoint);
    })));

    private static Command List()
    {
        var all = ApiCommand.Switch("Those that are not enabled, too; there is none.", "--all");
        return ApiCommand.Create("list", "Lists the subscription, when you have a role in it.", [all], async (_, session, cancellationToken) =>
        {
            var known = await session.ArmListAsync("/subscriptions", Version, cancellationToken);
            return Json.Array(known.Select(subscription => Json.Make(json =>
            {
                json.WriteString("cloudName"u8, "Berth"u8);
                WriteAccount(json, session.State, subscription.Text("displayName"), subscription.Text("state"));
            })));
        });
    }

    private static Command ListLocations() => ApiCommand.Create("list-locations", "Lists the places that resources may be at.", [], async (_, session, cancellationToken) =>
        Json.Array(await session.ArmListAsync($"{session.Subscription}/locations", Version, cancellationToken)));

    private static Command Set()
    {
        var subscription = ApiCommand.Required("The subscription's id or its name.", "--subscription", "-s", "--name", "-n");
        return ApiCommand.Create("set", "Chooses the subscription; there is one, so that scripts for az need no change.", [subscription], async (parsed, session, cancellationToken) =>
        {
            var wanted = parsed.GetValue(subscription)!;
            if (Same(wanted, session.State.SubscriptionId)) return default;
            var known = await session.ArmListAsync("/subscriptions", Version, cancellationToken);
            return known.Any(one => Same(one.Text("displayName"), wanted))
                ? default(JsonElement)
                : throw new ClientException($"there is no subscription '{wanted}'; the installation's is {session.State.SubscriptionId}.");
        });
    }

    private static void WriteAccount(Utf8JsonWriter json, SessionState state, string? name = null, string? status = null)
    {
        json.WriteString("homeTenantId"u8, state.TenantId);
        json.WriteString("id"u8, state.SubscriptionId);
        json.WriteBoolean("isDefault"u8, true);
        json.WriteStartArray("managedByTenants"u8);
        json.WriteEndArray();
        json.WriteString("name"u8, name ?? "Berth");
        json.WriteString("state"u8, status ?? "Enabled");
        json.WriteString("tenantId"u8, state.TenantId);
        json.WriteStartObject("user"u8);
        json.WriteString("name"u8, state.UserName);
        json.WriteString("type"u8, state.IsServicePrincipal ? "servicePrincipal"u8 : "user"u8);
        json.WriteEndObject();
    }

    private static bool Same(string? one, string other) => other.Equals(one, StringComparison.OrdinalIgnoreCase);
}
