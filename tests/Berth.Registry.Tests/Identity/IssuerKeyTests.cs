using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Identity;

/// <summary>Keys that an operator brings for an issuer which cannot be asked: who may, what is a good set, and what it does.</summary>
public sealed class IssuerKeyTests : IAsyncLifetime
{
    private const string Path = "/berth/v1/issuer-keys";

    private readonly RSA _key = RSA.Create(2048);
    private TokenIssuer _issuer = null!;
    private RegistryHost _host = null!;
    private ControlClient _owner = null!;
    private PrincipalRecord _pipeline = null!;

    private string OfIssuer => $"{Path}?issuer={Uri.EscapeDataString(_issuer.Name)}";

    public async ValueTask InitializeAsync()
    {
        _issuer = await TokenIssuer.StartAsync();
        _host = await RegistryHost.StartAsync(options: new RegistryOptions { Outbound = HttpsServer.Loopback }, trust: _issuer.Server.Trust);
        _owner = await ControlClient.OfOwnerAsync(_host);
        var wanted = new NewPrincipal(PrincipalKind.ServicePrincipal, "pipeline", "pipeline", ClientId: Guid.NewGuid().ToString());
        _pipeline = (await _host.Metadata.CreatePrincipalAsync(wanted, Caller.System, CancellationToken.None)).Record!;
        var trust = new FederatedCredentialRecord("ci", _issuer.Name, TokenIssuer.Subject, [TokenIssuer.Audience], null);
        await _host.Metadata.PutFederatedCredentialAsync(_pipeline.Id, trust, Caller.System, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        _key.Dispose();
        _owner.Dispose();
        await _host.DisposeAsync();
        await _issuer.DisposeAsync();
    }

    [Fact]
    public async Task Keys_that_were_brought_verify_and_the_issuer_is_not_asked()
    {
        await _owner.ExpectAsync(HttpStatusCode.Created, "PUT", OfIssuer, SetOf(TokenIssuer.JwkOf(_key, "k1")));

        Assert.Equal(HttpStatusCode.OK, await SignInAsync(_key));
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(_issuer.Key)); // it publishes this one under the same name
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(_issuer.Key, "k2"));
        Assert.Empty(_issuer.Server.Asked);
    }

    [Fact]
    public async Task Keys_that_are_replaced_or_deleted_end_what_was_given_for_them()
    {
        await _owner.ExpectAsync(HttpStatusCode.Created, "PUT", OfIssuer, SetOf(TokenIssuer.JwkOf(_key, "k1")));
        using var client = _host.ClientOf(_pipeline.ClientId!, _issuer.Token(_host.Time.GetUtcNow(), sign: _issuer.With(_key)));
        var token = (await Answer.ReadAsync(await client.GetAsync("/oauth2/token?service=local.berth.localhost")))["access_token"];
        using var bearer = _host.BearerOf(token);
        Assert.Equal(HttpStatusCode.OK, (await bearer.GetAsync("/v2/")).StatusCode);

        using var other = RSA.Create(2048);
        await _owner.ExpectAsync(HttpStatusCode.OK, "PUT", OfIssuer, SetOf(TokenIssuer.JwkOf(other, "k1")));
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/v2/")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await bearer.GetAsync("/v2/")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(other));

        await _owner.ExpectAsync(HttpStatusCode.NoContent, "DELETE", OfIssuer);
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(other));
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(_issuer.Key)); // it is asked again
        Assert.Equal(HttpStatusCode.NotFound, (await _owner.SendAsync("DELETE", OfIssuer)).Status);
    }

    [Fact]
    public async Task They_are_listed_with_who_brought_them_and_stand_in_the_ledger()
    {
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var jwk = TokenIssuer.JwkOf(curve, "e1", "P-384");
        jwk["x5c"] = new JsonArray("a certificate");
        await _owner.ExpectAsync(HttpStatusCode.Created, "PUT", OfIssuer, SetOf(TokenIssuer.JwkOf(_key, "k1"), jwk));

        var one = (await _owner.ExpectAsync(HttpStatusCode.OK, "GET", Path)).GetProperty("value").EnumerateArray().Single();
        Assert.Equal((_issuer.Name, "owner"), (one.GetProperty("issuer").GetString(), one.GetProperty("updatedBy").GetString()));
        Assert.Equal(["k1", "e1"], one.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("kid").GetString()));
        Assert.False(one.GetProperty("keys")[1].TryGetProperty("x5c", out _));

        await _owner.ExpectAsync(HttpStatusCode.NoContent, "DELETE", OfIssuer);
        Assert.Empty((await _owner.ExpectAsync(HttpStatusCode.OK, "GET", Path)).GetProperty("value").EnumerateArray());
        var ledger = await _host.Metadata.ReadLedgerAsync(0, 100, CancellationToken.None);
        Assert.Equal(
            [(LedgerKinds.IssuerKeysSet, "owner"), (LedgerKinds.IssuerKeysDeleted, "owner")],
            ledger.Where(record => record.Kind.StartsWith("issuer-keys.", StringComparison.Ordinal)).Select(record => (record.Kind, record.Actor)));
    }

    [Fact]
    public async Task Only_who_may_give_every_right_brings_keys()
    {
        var (contributor, id) = await ControlClient.NewUserAsync(_host, "contributor");
        using var _ = contributor;
        await _owner.AssignAsync(ControlClient.Subscription, ControlClient.Contributor, id);
        var (stranger, other) = await ControlClient.NewUserAsync(_host, "stranger");
        using var __ = stranger;
        await _owner.AssignAsync(ControlClient.Local, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", other); // owner of one registry

        foreach (var client in (ControlClient[])[contributor, stranger])
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync("PUT", OfIssuer, SetOf(TokenIssuer.JwkOf(_key, "k1")))).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync("DELETE", OfIssuer)).Status);
        }

        Assert.Equal(HttpStatusCode.OK, (await contributor.SendAsync("GET", Path)).Status); // who reads everything reads this
        Assert.Equal(HttpStatusCode.Forbidden, (await stranger.SendAsync("GET", Path)).Status);
        using var anonymous = _host.WithoutCredential();
        Assert.Equal(HttpStatusCode.Unauthorized, (await anonymous.GetAsync(Path)).StatusCode);
        Assert.Empty((await _owner.ExpectAsync(HttpStatusCode.OK, "GET", Path)).GetProperty("value").EnumerateArray());
    }

    [Fact]
    public async Task A_set_that_is_not_wholly_good_is_refused_and_changes_nothing()
    {
        using var weak = RSA.Create(1024);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        JsonObject Good(string? id = "k1") => TokenIssuer.JwkOf(_key, id);
        JsonObject With(string name, JsonNode? value)
        {
            var key = Good();
            key[name] = value;
            return key;
        }

        // What it does not verify with is kept and shown too.
        var mixed = TokenIssuer.JwkOf(curve, "e1", "P-256");
        mixed["n"] = 5;
        var offCurve = TokenIssuer.JwkOf(curve, "e1", "P-256");
        offCurve["y"] = offCurve["x"]!.DeepClone();
        foreach (var (body, sentence) in ((string, string)[])[
            ("", "not JSON"), ("[]", "'keys'"), ("{}", "'keys'"), ("""{"keys":{}}""", "'keys'"), ("""{"keys":[]}""", "1 to 20"), ("""{"keys":[1]}""", "Key 1 is no object"),
            ("""{"keys":[],"keys":[]}""", "a name twice"), ("""{"keys":[{"kid":"\ud800"}]}""", "cannot be read"), ("""{"\ud800":1}""", "be read"), (new string('[', 100), "not JSON"),
            (SetOf([.. Enumerable.Range(0, 21).Select(i => Good($"k{i}"))]), "1 to 20"),
            (SetOf(Good(), Good()), "Key 2 has the 'kid' of another"), (SetOf(Good(), Good(null)), "Key 2 has no 'kid'"), (SetOf(Good("")), "'kid'"), (SetOf(Good(new string('k', 257))), "'kid'"),
            (SetOf(TokenIssuer.JwkOf(weak, "k1")), "verifies nothing"), (SetOf(With("d", "AQAB")), "a part of a private key"), (SetOf(With("p", "AQAB")), "a part of a private key"),
            (SetOf(new JsonObject { ["kty"] = "oct", ["k"] = "c2VjcmV0" }), "a part of a private key"), (SetOf(new JsonObject { ["kty"] = "OKP", ["crv"] = "Ed25519", ["x"] = "AA" }), "verifies nothing"),
            (SetOf(With("use", "enc")), "verifies nothing"), (SetOf(With("alg", "HS256")), "verifies nothing"), (SetOf(With("alg", "ES256")), "verifies nothing"), (SetOf(With("alg", 5)), "verifies nothing"),
            (SetOf(With("kid", 5)), "verifies nothing"), (SetOf(With("n", "!")), "verifies nothing"), (SetOf(offCurve), "verifies nothing"), (SetOf(mixed), "'n' that is no text"), (SetOf(TokenIssuer.JwkOf(curve, "e1", "secp256k1")), "verifies nothing")])
        {
            var (status, answer) = await _owner.SendAsync("PUT", OfIssuer, body);
            Assert.Equal((body, HttpStatusCode.BadRequest), (body, status));
            Assert.Contains(sentence, answer.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await _owner.SendAsync("PUT", OfIssuer, new string(' ', (64 * 1024) + 1))).Status);
        foreach (var issuer in (string[])["", "?issuer=", "?issuer=a%20b", "?issuer=a%0A", "?issuer=a&issuer=b", "?issuer=" + new string('x', 601)])
            Assert.Equal(HttpStatusCode.BadRequest, (await _owner.SendAsync("PUT", Path + issuer, SetOf(Good()))).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await _owner.SendAsync("POST", OfIssuer, SetOf(Good()))).Status);
        Assert.Empty((await _owner.ExpectAsync(HttpStatusCode.OK, "GET", Path)).GetProperty("value").EnumerateArray());
    }

    private static string SetOf(params JsonObject[] keys) => new JsonObject { ["keys"] = new JsonArray([.. keys.Select(key => key.DeepClone())]) }.ToJsonString();

    private async Task<HttpStatusCode> SignInAsync(RSA key, string id = "k1")
    {
        using var client = _host.ClientOf(_pipeline.ClientId!, _issuer.Token(_host.Time.GetUtcNow(), new { kid = id }, sign: _issuer.With(key)));
        return (await client.GetAsync("/v2/")).StatusCode;
    }
}
