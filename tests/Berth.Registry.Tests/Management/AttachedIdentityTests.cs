using System.Net;
using System.Text.Json;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>Managed identities that operators make and attach to registries.</summary>
public sealed class AttachedIdentityTests
{
    private const string One = ControlClient.Identities + "/one";
    private const string Two = ControlClient.Identities + "/Two";
    private const string Operator = "f1a07417-d97a-45cb-824c-7a7467783830";

    [Fact]
    public async Task Identities_are_attached_beside_the_registry_s_own_and_shown_as_they_are()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var (one, two) = (await MakeAsync(owner, One), await MakeAsync(owner, Two));

        var shown = await PatchAsync(owner, "userAssigned", (One.ToUpperInvariant(), true));
        Assert.Equal(("UserAssigned", One), (Type(shown), Ids(shown)));
        Assert.False(shown.TryGetProperty("principalId", out _));
        Assert.Equal(one, Facts(shown, One));

        shown = await PatchAsync(owner, "SystemAssigned, UserAssigned", (Two.ToLowerInvariant(), true));
        Assert.Equal(("SystemAssigned, UserAssigned", $"{One} {Two}"), (Type(shown), Ids(shown)));
        Assert.True(Guid.TryParse(shown.GetProperty("principalId").GetString(), out _));
        Assert.Equal(two, Facts(shown, Two));
        Assert.Equal(shown.GetRawText(), (await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local)).GetProperty("identity").GetRawText());
        var listed = Assert.Single((await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Registries)).GetProperty("value").EnumerateArray());
        Assert.Equal(shown.GetRawText(), listed.GetProperty("identity").GetRawText());

        // What says nothing of identities leaves them, and what a client got it may send back, as a part or as all.
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"tags":{"a":"b"}}""");
        var whole = await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local);
        foreach (var method in (string[])["PUT", "PATCH"])
            Assert.Equal(shown.GetRawText(), (await owner.ExpectAsync(HttpStatusCode.OK, method, ControlClient.Local, whole.GetRawText())).GetProperty("identity").GetRawText());
        await owner.ExpectErrorAsync(409, "InvalidResourceLocation", "PATCH", ControlClient.Local, """{"location":"elsewhere"}""");

        shown = await PatchAsync(owner, "UserAssigned", (One, false));
        Assert.Equal(("UserAssigned", Two), (Type(shown), Ids(shown)));
        shown = await PatchAsync(owner, "SystemAssigned");
        Assert.Equal(("SystemAssigned", ""), (Type(shown), Ids(shown)));
        await PatchAsync(owner, "SystemAssigned,UserAssigned", (One, true));
        var gone = await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"identity":{"type":"None"}}""");
        Assert.Equal(JsonValueKind.Null, gone.GetProperty("identity").ValueKind);
    }

    [Fact]
    public async Task A_whole_registry_has_those_identities_that_it_names_and_no_others()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await MakeAsync(owner, One);
        await MakeAsync(owner, Two);
        const string Team = ControlClient.Registries + "/teamone";
        string Body(string id) => $$"""{"sku":{"name":"Premium"},"identity":{"type":"UserAssigned","userAssignedIdentities":{"{{id}}":{} } } }""";

        Assert.Equal(One, Ids((await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Team, Body(One))).GetProperty("identity")));
        Assert.Equal(Two, Ids((await owner.ExpectAsync(HttpStatusCode.OK, "PUT", Team, Body(Two))).GetProperty("identity")));
        await owner.ExpectErrorAsync(400, "MissingIdentityIds", "PUT", Team, """{"sku":{"name":"Premium"},"identity":{"type":"UserAssigned"}}""");
        await owner.ExpectErrorAsync(400, "FailedIdentityOperation", "PUT", Team + "2", Body(One + "-absent"));
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", Team + "2");
    }

    [Fact]
    public async Task An_identity_that_is_deleted_is_attached_nowhere_and_a_deleted_registry_has_none()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var first = await MakeAsync(owner, One);
        await MakeAsync(owner, Two);
        const string Team = ControlClient.Registries + "/teamone";
        var body = $$"""{"sku":{"name":"Premium"},"identity":{"type":"UserAssigned","userAssignedIdentities":{"{{One}}":{},"{{Two}}":{} } } }""";
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Team, body);

        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", One);
        Assert.Equal(Two, Ids((await owner.ExpectAsync(HttpStatusCode.OK, "GET", Team)).GetProperty("identity")));

        // One of its name is another.
        Assert.NotEqual(first, await MakeAsync(owner, One));
        Assert.Equal(Two, Ids((await owner.ExpectAsync(HttpStatusCode.OK, "GET", Team)).GetProperty("identity")));
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Team);
        var again = await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Team, """{"sku":{"name":"Premium"}}""");
        Assert.Equal(JsonValueKind.Null, again.GetProperty("identity").ValueKind);
    }

    [Fact]
    public async Task Who_attaches_an_identity_needs_a_right_at_it_too()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await MakeAsync(owner, One);
        await MakeAsync(owner, Two);
        var (ann, annId) = await ControlClient.NewUserAsync(host, "ann@example.test");
        using (ann)
        {
            await owner.AssignAsync(ControlClient.Local, ControlClient.Contributor, annId);
            var message = await ann.ExpectErrorAsync(403, "LinkedAuthorizationFailed", "PATCH", ControlClient.Local, Body("UserAssigned", (One, true)));
            Assert.Contains("Managed Identity Operator", message, StringComparison.Ordinal);

            // Whether there is one is told to those alone who may attach it.
            await ann.ExpectErrorAsync(403, "LinkedAuthorizationFailed", "PATCH", ControlClient.Local, Body("UserAssigned", (One + "-absent", true)));
            await owner.AssignAsync(One, Operator, annId);
            Assert.Equal(One, Ids(await PatchAsync(ann, "UserAssigned", (One, true))));
            await ann.ExpectErrorAsync(403, "LinkedAuthorizationFailed", "PATCH", ControlClient.Local, Body("UserAssigned", (Two, true)));

            // What another attached may stay, and be taken away.
            Assert.Equal($"{One} {Two}", Ids(await PatchAsync(owner, "UserAssigned", (Two, true))));
            var whole = await ann.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local);
            await ann.ExpectAsync(HttpStatusCode.OK, "PUT", ControlClient.Local, whole.GetRawText());
            Assert.Equal(One, Ids(await PatchAsync(ann, "UserAssigned", (Two, false))));
        }
    }

    [Fact]
    public async Task The_ledger_says_who_attached_what()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await MakeAsync(owner, One);
        await PatchAsync(owner, "UserAssigned", (One, true));
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Body("UserAssigned", (One, true)));
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"identity":{"type":"None"}}""");
        var facts = (await host.Metadata.ReadLedgerAsync(0, 1_000, CancellationToken.None)).Select(record => record.Payload)
            .Where(payload => payload?.Contains("userAssignedIdentities", StringComparison.Ordinal) == true).ToList();
        Assert.Equal(2, facts.Count);
        Assert.Contains($"\"userAssignedIdentities.added\":\"{One.ToLowerInvariant()}\"", facts[0], StringComparison.Ordinal);
        Assert.Contains($"\"userAssignedIdentities.removed\":\"{One.ToLowerInvariant()}\"", facts[1], StringComparison.Ordinal);
    }

    private static async Task<string> MakeAsync(ControlClient owner, string id)
    {
        var properties = (await owner.ExpectAsync(HttpStatusCode.Created, "PUT", id, """{"location":"local"}""")).GetProperty("properties");
        return $"{properties.GetProperty("principalId")} {properties.GetProperty("clientId")}";
    }

    private static async Task<JsonElement> PatchAsync(ControlClient client, string type, params (string Id, bool IsAttached)[] identities) =>
        (await client.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Body(type, identities))).GetProperty("identity");

    private static string Body(string type, params (string Id, bool IsAttached)[] identities)
    {
        var named = string.Join(',', identities.Select(identity => $"\"{identity.Id}\":{(identity.IsAttached ? "{}" : "null")}"));
        return identities.Length == 0 ? $$"""{"identity":{"type":"{{type}}"} }""" : $$$"""{"identity":{"type":"{{{type}}}","userAssignedIdentities":{{{{named}}}} } }""";
    }

    private static string? Type(JsonElement identity) => identity.GetProperty("type").GetString();

    private static string Ids(JsonElement identity) =>
        identity.TryGetProperty("userAssignedIdentities", out var named) ? string.Join(' ', named.EnumerateObject().Select(entry => entry.Name)) : "";

    private static string Facts(JsonElement identity, string id)
    {
        var facts = identity.GetProperty("userAssignedIdentities").GetProperty(id);
        return $"{facts.GetProperty("principalId")} {facts.GetProperty("clientId")}";
    }
}
