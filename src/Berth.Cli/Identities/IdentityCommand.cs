using System.CommandLine;
using Berth.Cli.Session;

namespace Berth.Cli.Identities;

/// <summary><c>identity</c>: managed identities, which sign in by tokens of other issuers and have no secret.</summary>
internal static class IdentityCommand
{
    private const string Version = "2023-01-31";
    private const string Collection = "/providers/Microsoft.ManagedIdentity/userAssignedIdentities";

    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("identity", "Managed identities: workloads that sign in without a secret.")
    {
        CreateIdentity(), List(), Show(), Delete(),
        new Command("federated-credential", "For which tokens of other issuers an identity is signed in.") { CreateFederated(), ListFederated(), DeleteFederated() },
        IssuerKeyCommands.Create(),
    };

    private static Command CreateIdentity()
    {
        var (name, group) = (Name(), Group());
        var location = ApiCommand.Optional("The location; 'local' when it is not given.", "--location", "-l");
        return ApiCommand.Create("create", "Makes a managed identity.", [name, group, location], async (parsed, session, cancellationToken) => (await session.ArmAsync(
            HttpMethod.Put, PathOf(session, parsed, group, name), Version, json => json.WriteString("location"u8, parsed.GetValue(location) ?? "local"), cancellationToken)).Flat());
    }

    private static Command List()
    {
        var group = ApiCommand.Optional("Only those of this resource group.", "--resource-group", "-g");
        return ApiCommand.Create("list", "Lists managed identities.", [group], async (parsed, session, cancellationToken) =>
        {
            var scope = parsed.GetValue(group) is { } name ? $"{session.Subscription}/resourceGroups/{Uri.EscapeDataString(name)}" : session.Subscription;
            return Json.Array((await session.ArmListAsync($"{scope}{Collection}", Version, cancellationToken)).Select(identity => identity.Flat()));
        });
    }

    private static Command Show()
    {
        var (name, group) = (Name(), Group());
        return ApiCommand.Create("show", "Shows a managed identity.", [name, group], async (parsed, session, cancellationToken) =>
            (await session.ArmAsync(HttpMethod.Get, PathOf(session, parsed, group, name), Version, null, cancellationToken)).Flat());
    }

    private static Command Delete()
    {
        var (name, group) = (Name(), Group());
        return ApiCommand.Create("delete", "Deletes a managed identity, with its role assignments.", [name, group], (parsed, session, cancellationToken) =>
            session.ArmAsync(HttpMethod.Delete, PathOf(session, parsed, group, name), Version, null, cancellationToken));
    }

    private static Command CreateFederated()
    {
        var (name, group, identity) = (Name(), Group(), Identity());
        var issuer = ApiCommand.Required("The issuer that tokens name in 'iss', exactly.", "--issuer");
        var subject = ApiCommand.Required("The subject that tokens name in 'sub', exactly.", "--subject");
        var audiences = new Option<string[]>("--audiences")
        {
            Description = "The audiences, of which tokens name one in 'aud'.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["api://AzureADTokenExchange"],
        };
        return ApiCommand.Create("create", "Lets tokens of an issuer sign an identity in.", [name, identity, group, issuer, subject, audiences], async (parsed, session, cancellationToken) =>
            (await session.ArmAsync(
                HttpMethod.Put, FederatedPathOf(session, parsed, group, identity, name), Version,
                json =>
                {
                    json.WriteStartObject("properties"u8);
                    json.WriteString("issuer"u8, parsed.GetValue(issuer));
                    json.WriteString("subject"u8, parsed.GetValue(subject));
                    json.WriteStartArray("audiences"u8);
                    foreach (var audience in parsed.GetValue(audiences)!) json.WriteStringValue(audience);
                    json.WriteEndArray();
                    json.WriteEndObject();
                },
                cancellationToken)).Flat());
    }

    private static Command ListFederated()
    {
        var (group, identity) = (Group(), Identity());
        return ApiCommand.Create("list", "Lists an identity's federated credentials.", [identity, group], async (parsed, session, cancellationToken) => Json.Array(
            (await session.ArmListAsync($"{PathOf(session, parsed, group, identity)}/federatedIdentityCredentials", Version, cancellationToken)).Select(one => one.Flat())));
    }

    private static Command DeleteFederated()
    {
        var (name, group, identity) = (Name(), Group(), Identity());
        return ApiCommand.Create("delete", "Deletes a federated credential.", [name, identity, group], (parsed, session, cancellationToken) =>
            session.ArmAsync(HttpMethod.Delete, FederatedPathOf(session, parsed, group, identity, name), Version, null, cancellationToken));
    }

    private static Option<string> Name() => ApiCommand.Required("The name.", "--name", "-n");

    private static Option<string> Identity() => ApiCommand.Required("The managed identity's name.", "--identity-name");

    private static Option<string> Group() => new("--resource-group", "-g") { Description = "The resource group.", DefaultValueFactory = _ => "default" };

    private static string PathOf(ApiSession session, ParseResult parsed, Option<string> group, Option<string> name) =>
        $"{session.Subscription}/resourceGroups/{Uri.EscapeDataString(parsed.GetValue(group)!)}{Collection}/{Uri.EscapeDataString(parsed.GetValue(name)!)}";

    private static string FederatedPathOf(ApiSession session, ParseResult parsed, Option<string> group, Option<string> identity, Option<string> name) =>
        $"{PathOf(session, parsed, group, identity)}/federatedIdentityCredentials/{Uri.EscapeDataString(parsed.GetValue(name)!)}";
}
