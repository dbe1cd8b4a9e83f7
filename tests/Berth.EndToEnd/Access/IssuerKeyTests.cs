using System.Net;
using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>Keys of an issuer that the server may not ask, brought with the client's own commands: what they let in, for how long, and across a restart.</summary>
public sealed class IssuerKeyTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private BerthClient _client = null!;
    private string _folder = null!;
    private TestIssuer _issuer = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _folder = NewFolder("keys");
        _issuer = new TestIssuer(Path.Combine(_folder, "issuer.pem"));
        _client = new BerthClient(Fixture, _folder);
        await _client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_issuer is not null) await _issuer.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Keys_that_were_brought_verify_also_after_a_restart_and_not_once_they_were_deleted()
    {
        using var control = await ControlClient.SignInAsync(Fixture.Endpoint.Address, Fixture.Endpoint.User, Fixture.Endpoint.Password);
        var (identity, _) = await control.MakeIdentityAsync(Content.Name(), _issuer);
        var assertion = _issuer.Token();
        Assert.Equal(HttpStatusCode.Unauthorized, await BasicAsync(identity, assertion)); // an issuer on loopback is not asked

        await SetAsync();
        Assert.Equal(HttpStatusCode.OK, await BasicAsync(identity, assertion));
        var before = await RegistryTokenAsync(identity, assertion);

        await Fixture.RestartAsync();

        Assert.Equal(HttpStatusCode.OK, await BasicAsync(identity, assertion));
        Assert.Equal(HttpStatusCode.OK, await BasicAsync(identity, _issuer.Token()));
        Assert.Equal(HttpStatusCode.OK, await BearerAsync(before));
        var after = await RegistryTokenAsync(identity, assertion);
        var ofAuthority = ControlClient.Text(
            await control.FormAsync(
                "/adfs/oauth2/token", ("grant_type", "client_credentials"), ("client_id", identity), ("scope", "https://containerregistry.azure.net/.default"), ("client_assertion", assertion),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")),
            "access_token");
        var exchanged = await control.ExchangeAsync($"local.berth.localhost:{_client.Host.Split(':')[1]}", ofAuthority);
        Assert.Equal(HttpStatusCode.OK, await BasicAsync(Guid.Empty.ToString(), exchanged));

        await TextAsync("identity", "issuer-keys", "delete", "--issuer", _issuer.Name);

        // What was given for the keys ends with them, from the assertion to the refresh token at the end of the chain, and with the very next request.
        foreach (var left in (Func<Task<HttpStatusCode>>[])[
            () => BasicAsync(identity, assertion), () => BasicAsync(identity, _issuer.Token()), () => BearerAsync(before), () => BearerAsync(after), () => BasicAsync(Guid.Empty.ToString(), exchanged)])
            Assert.Equal(HttpStatusCode.Unauthorized, await left());

        await Fixture.RestartAsync();
        foreach (var token in (string[])[before, after]) Assert.Equal(HttpStatusCode.Unauthorized, await BearerAsync(token));
        Assert.Equal(HttpStatusCode.Unauthorized, await BasicAsync(identity, _issuer.Token()));
    }

    [Fact]
    public async Task The_commands_set_list_replace_and_delete_keys()
    {
        Assert.Equal("[]\n", await TextAsync("identity", "issuer-keys", "list"));
        Assert.Empty(await TextAsync("identity", "issuer-keys", "list", "-o", "table"));

        var set = await SetAsync();
        Assert.Equal((_issuer.Name, "owner"), (ControlClient.Text(set, "issuer"), ControlClient.Text(set, "createdBy")));
        Assert.Equal("k1", ControlClient.Text(Assert.Single(set.GetProperty("keys").EnumerateArray()), "kid"));

        var listed = Assert.Single(JsonDocument.Parse(await TextAsync("identity", "issuer-keys", "list")).RootElement.EnumerateArray());
        Assert.True(JsonElement.DeepEquals(set, listed));
        var lines = (await TextAsync("identity", "issuer-keys", "list", "-o", "table")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("Issuer", lines[0], StringComparison.Ordinal);
        Assert.StartsWith(_issuer.Name, lines[2], StringComparison.Ordinal);
        Assert.Equal($"{_issuer.Name}\n", await TextAsync("identity", "issuer-keys", "list", "--query", "[].issuer", "-o", "tsv"));
        Assert.Equal("k1\n", await TextAsync("identity", "issuer-keys", "list", "--query", $"[?issuer=='{_issuer.Name}'].keys[].kid", "-o", "tsv"));

        var again = await SetAsync(_issuer.Keys.Replace("\"k1\"", "\"k2\"", StringComparison.Ordinal));
        Assert.Equal("k2", ControlClient.Text(Assert.Single(again.GetProperty("keys").EnumerateArray()), "kid"));

        Assert.Empty(await TextAsync("identity", "issuer-keys", "delete", "--issuer", _issuer.Name));
        await ExpectRefusedAsync(1, $"No keys were brought for '{_issuer.Name}'", "delete", "--issuer", _issuer.Name);
        Assert.Equal("[]\n", await TextAsync("identity", "issuer-keys", "list"));
    }

    [Fact]
    public async Task What_is_no_key_set_is_refused_with_its_reason_and_brings_nothing()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "wrong")).FullName;
        foreach (var (text, reason) in ((string, string)[])[
            ("junk", "is not JSON"), ("", "is not JSON"), ("[]", "is no JWK set"), ("{}", "'keys'"), ("""{"keys":[],"keys":[]}""", "is not JSON"), ("""{"keys":[]}""", "1 to 20"),
            ("""{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}""", "a part of a private key"), ("""{"keys":[{"kty":"RSA"}]}""", "verifies nothing")])
        {
            var file = Path.Combine(folder, "keys.json");
            await File.WriteAllTextAsync(file, text);
            await ExpectRefusedAsync(1, reason, "set", "--issuer", _issuer.Name, "--jwks", file);
        }

        await ExpectRefusedAsync(1, "cannot be read", "set", "--issuer", _issuer.Name, "--jwks", Path.Combine(folder, "absent"));
        await ExpectRefusedAsync(1, "cannot be read", "set", "--issuer", _issuer.Name, "--jwks", folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "keys.json"), _issuer.Keys);
        await ExpectRefusedAsync(1, "Give the issuer", "set", "--issuer", "not an issuer", "--jwks", Path.Combine(folder, "keys.json"));
        await ExpectRefusedAsync(2, "'--jwks'", "set", "--issuer", _issuer.Name);
        await ExpectRefusedAsync(2, "'--issuer'", "delete");
        await ExpectRefusedAsync(2, "at character 1 ", "list", "--query", "]");
        Assert.Equal("[]\n", await TextAsync("identity", "issuer-keys", "list"));
    }

    [Fact]
    public async Task Somebody_without_the_right_neither_brings_nor_sees_keys()
    {
        var upn = $"{Content.Name()}@example.test";
        await TextAsync("ad", "user", "create", "--display-name", "Ann", "--upn", upn, "--password", "a long password");
        var ann = new BerthClient(Fixture, NewFolder("ann"));
        await ann.SignInAsync(upn, "a long password");
        var file = Path.Combine(_folder, "keys.json");
        await File.WriteAllTextAsync(file, _issuer.Keys);
        foreach (var arguments in (string[][])[["set", "--issuer", _issuer.Name, "--jwks", file], ["delete", "--issuer", _issuer.Name], ["list"]])
        {
            var refused = await ann.RunAsync(["identity", "issuer-keys", .. arguments]);
            Assert.True(refused.Status == 1, refused.ToString());
            Assert.Contains("ask for the role Owner at the subscription", refused.Errors, StringComparison.Ordinal);
        }
    }

    private async Task ExpectRefusedAsync(int status, string reason, params string[] arguments)
    {
        var refused = await _client.RunAsync(["identity", "issuer-keys", .. arguments]);
        Assert.True(refused.Status == status, refused.ToString());
        Assert.Contains(reason, Assert.Single(refused.Errors.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.Empty(refused.Output);
    }

    private async Task<JsonElement> SetAsync(string? keys = null)
    {
        var file = Path.Combine(_folder, "jwks.json");
        await File.WriteAllTextAsync(file, keys ?? _issuer.Keys);
        return JsonDocument.Parse(await TextAsync("identity", "issuer-keys", "set", "--issuer", _issuer.Name, "--jwks", file)).RootElement;
    }

    private async Task<string> TextAsync(params string[] arguments) => (await _client.RunAsync(arguments)).Succeeded().Output;

    private async Task<string> RegistryTokenAsync(string user, string password)
    {
        using var answer = await SendAsync("/oauth2/token", RegistryEndpoint.Basic(user, password));
        return ControlClient.Text(JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement, "access_token");
    }

    private async Task<HttpStatusCode> BasicAsync(string user, string password)
    {
        using var answer = await SendAsync("/v2/", RegistryEndpoint.Basic(user, password));
        return answer.StatusCode;
    }

    private async Task<HttpStatusCode> BearerAsync(string token)
    {
        using var answer = await SendAsync("/v2/", $"Bearer {token}");
        return answer.StatusCode;
    }

    private async Task<HttpResponseMessage> SendAsync(string path, string authorization)
    {
        using var http = new HttpClient { BaseAddress = Fixture.Endpoint.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return await http.SendAsync(request);
    }
}
