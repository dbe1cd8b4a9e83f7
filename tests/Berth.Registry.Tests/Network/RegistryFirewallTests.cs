using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Berth.Registry.Identity;
using Berth.Registry.Network;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Network;

/// <summary>A registry's network rules, as callers from several addresses meet them.</summary>
public sealed class RegistryFirewallTests
{
    private const string DenyAllBut2 = """{"properties":{"networkRuleSet":{"defaultAction":"Deny","ipRules":[{"action":"Allow","value":"127.0.0.2"}]}}}""";

    [Fact]
    public async Task Named_addresses_are_let_in_and_others_are_told_what_theirs_is()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var named = host.From("127.0.0.2");
        using var other = host.From("127.0.0.3");
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, DenyAllBut2);

        Assert.Equal(HttpStatusCode.Unauthorized, (await named.GetAsync("/v2/")).StatusCode);
        named.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(host.Endpoint.PasswordHeader);
        Assert.Equal(HttpStatusCode.OK, (await named.GetAsync("/v2/")).StatusCode);
        Assert.Contains("'127.0.0.3' is not allowed", await DenialOfAsync(await other.GetAsync("/v2/")), StringComparison.Ordinal);
        other.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(host.Endpoint.PasswordHeader);
        var denial = await DenialOfAsync(await other.GetAsync("/v2/"));
        Assert.Contains("az acr network-rule add --name local --ip-address 127.0.0.3", denial, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/v2/")]
    [InlineData("GET", "/v2/_catalog")]
    [InlineData("GET", "/v2/team/app/manifests/v1")]
    [InlineData("GET", "/v2/team/app/tags/list")]
    [InlineData("POST", "/v2/team/app/blobs/uploads/")]
    [InlineData("DELETE", "/v2/team/app/manifests/v1")]
    [InlineData("TRACE", "/v2/team/app/manifests/v1")]
    [InlineData("GET", "/v2")]
    [InlineData("GET", "/v2/nothing")]
    [InlineData("GET", "/v2/Team/App/manifests/v1")]
    [InlineData("GET", "/v2/team/app/blobs/no-digest")]
    [InlineData("GET", "/v2/team/app/manifests/.no-tag")]
    [InlineData("GET", "/v2/team//app/tags/list")]
    [InlineData("GET", "/v2/team/app%2Fother/tags/list")]
    [InlineData("OPTIONS", "/v2/team/app/manifests/v1")]
    [InlineData("HEAD", "/v2/team/app/manifests/v1")]
    [InlineData("PATCH", "/v2/team/app/blobs/uploads/absent")]
    [InlineData("GET", "/acr/v1/_catalog")]
    [InlineData("GET", "/acr/v1/Team/App")]
    [InlineData("PATCH", "/acr/v1/team/app")]
    [InlineData("GET", "/acr/v1/nothing/_here_")]
    [InlineData("GET", "/oauth2/token")]
    [InlineData("POST", "/oauth2/token")]
    [InlineData("POST", "/oauth2/exchange")]
    public async Task Every_door_of_the_data_plane_is_closed_to_others_signed_in_or_not(string method, string path)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, DenyAllBut2);
        foreach (var credential in new[] { null, host.Endpoint.PasswordHeader })
        {
            using var client = host.From("127.0.0.3");
            if (credential is not null) client.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(credential);
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            using var answer = await client.SendAsync(request);
            if (method == "HEAD") Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            else await DenialOfAsync(answer);
        }

        using var anybody = host.WithoutCredential();
        using var head = await anybody.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/v2/"));
        Assert.Equal(HttpStatusCode.Forbidden, head.StatusCode);
    }

    [Fact]
    public async Task The_control_plane_the_authority_and_the_evidence_answer_everybody()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var anybody = host.From("127.0.0.3");
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, DenyAllBut2);
        await DenialOfAsync(await anybody.GetAsync("/v2/"));
        await DenialOfAsync(await anybody.GetAsync("/v2/"));

        await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local);
        Assert.Equal(HttpStatusCode.OK, (await anybody.GetAsync("/tenant/v2.0/.well-known/openid-configuration")).StatusCode);
        anybody.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", owner.Token);
        using var denials = JsonDocument.Parse(await anybody.GetStringAsync("/berth/v1/registries/local/access/denials"));
        var denial = Assert.Single(denials.RootElement.GetProperty("value").EnumerateArray());
        Assert.Equal(
            ("denied", "network", "127.0.0.3", "", 2),
            (Text(denial, "kind"), Text(denial, "reason"), Text(denial, "address"), Text(denial, "actor"), denial.GetProperty("count").GetInt64()));
    }

    [Fact]
    public async Task The_next_request_meets_the_changed_rules_also_one_of_an_upload_in_flight()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var client = OwnerOf(host);
        var upload = (await client.PostAsync("/v2/team/app/blobs/uploads/", null)).Headers.Location!.OriginalString;
        for (var round = 0; round < 3; round++)
        {
            await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"networkRuleSet":{"defaultAction":"Deny"}}}""");
            await DenialOfAsync(await client.GetAsync("/v2/"));
            await DenialOfAsync(await client.PatchAsync(upload, new ByteArrayContent([1])));
            await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"networkRuleSet":{"ipRules":[{"value":"127.0.0.0/30"}]}}}""");
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/")).StatusCode);
            using var piece = await client.PatchAsync(upload, new ByteArrayContent([1]));
            Assert.Equal(HttpStatusCode.Accepted, piece.StatusCode);
            upload = piece.Headers.Location!.OriginalString;
            await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"networkRuleSet":{"ipRules":[]}}}""");
            await DenialOfAsync(await client.GetAsync("/v2/"));
        }
    }

    [Fact]
    public async Task Rules_are_one_registrys_alone()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var client = OwnerOf(host);
        const string Closed = """{"sku":{"name":"Premium"},"properties":{"networkRuleSet":{"defaultAction":"Deny"}}}""";
        var made = await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Registries + "/closed", Closed);
        Assert.Equal("Deny", made.GetProperty("properties").GetProperty("networkRuleSet").GetProperty("defaultAction").GetString());

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/")).StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/");
        request.Headers.Host = "closed.berth.localhost";
        Assert.Contains("'closed'", await DenialOfAsync(await client.SendAsync(request)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Callers_over_IPv6_are_judged_by_the_address_they_have()
    {
        await using var host = await RegistryHost.StartAsync(listen: IPAddress.IPv6Any);
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var six = host.From("::1");
        using var named = host.From("127.0.0.2");
        using var other = host.From("127.0.0.3");

        // To a listener of both kinds, callers over IPv4 come from ::ffff:127.0.0.x.
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, DenyAllBut2);
        Assert.Equal(HttpStatusCode.Unauthorized, (await named.GetAsync("/v2/")).StatusCode);
        Assert.Contains("'127.0.0.3'", await DenialOfAsync(await other.GetAsync("/v2/")), StringComparison.Ordinal);
        Assert.Contains("'::1'", await DenialOfAsync(await six.GetAsync("/v2/")), StringComparison.Ordinal);

        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"networkRuleSet":{"ipRules":[{"value":"::/64"}]}}}""");
        Assert.Equal(HttpStatusCode.Unauthorized, (await six.GetAsync("/v2/")).StatusCode);
        await DenialOfAsync(await named.GetAsync("/v2/"));
    }

    [Fact]
    public async Task Without_public_access_nobody_comes_in_but_those_whom_the_installation_trusts()
    {
        var options = new RegistryOptions { Network = new NetworkOptions { TrustedCallers = [IPNetwork.Parse("127.0.0.4/32")] } };
        await using var host = await RegistryHost.StartAsync(options: options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var named = host.From("127.0.0.2");
        using var trusted = host.From("127.0.0.4");
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, DenyAllBut2);
        Assert.Equal(HttpStatusCode.Unauthorized, (await trusted.GetAsync("/v2/")).StatusCode);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"publicNetworkAccess":"Disabled"}}""");

        Assert.Contains("--public-network-enabled true", await DenialOfAsync(await named.GetAsync("/v2/")), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await trusted.GetAsync("/v2/")).StatusCode);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"networkRuleBypassOptions":"None"}}""");
        await DenialOfAsync(await trusted.GetAsync("/v2/"));
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"publicNetworkAccess":"Enabled"}}""");
        Assert.Equal(HttpStatusCode.Unauthorized, (await named.GetAsync("/v2/")).StatusCode);
        await DenialOfAsync(await trusted.GetAsync("/v2/"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"allowsByDefault\":1}")]
    [InlineData("{\"allowed\":[\"10.0.0.0/8\",\"nonsense\"]}")]
    [InlineData("{\"allowed\":[null]}")]
    [InlineData("{\"isPublic\":true,\"isPublic\":true}")]
    [InlineData("{\"ofALaterVersion\":{}}")]
    public async Task Settings_that_cannot_be_read_let_nobody_in_until_they_are_set_anew(string stored)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var client = OwnerOf(host);
        Assert.Equal(1, await host.TamperAsync($"UPDATE registries SET properties = '{stored}' WHERE name = 'local'"));
        host.Time.Advance(TimeSpan.FromSeconds(3));

        Assert.Contains("cannot be read", await DenialOfAsync(await client.GetAsync("/v2/")), StringComparison.Ordinal);
        var shown = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local)).GetProperty("properties");
        Assert.Equal(("Deny", "Disabled"), (shown.GetProperty("networkRuleSet").GetProperty("defaultAction").GetString(), Text(shown, "publicNetworkAccess")));
        await owner.ExpectAsync(
            HttpStatusCode.OK, "PATCH", ControlClient.Local,
            """{"properties":{"publicNetworkAccess":"Enabled","networkRuleSet":{"defaultAction":"Deny","ipRules":[{"value":"127.0.0.1"}]}}}""");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/")).StatusCode);
    }

    [Fact]
    public async Task A_path_with_dot_segments_that_is_nobody_s_is_closed_too()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, DenyAllBut2);
        using var connection = await ConnectAsync(host);
        foreach (var target in (string[])["/x/../v2/", "/v2/../v2/team/app/tags/list", "/v2/team/./app/tags/list", "/v2/%2e%2e/x"])
            Assert.Equal("403", await AskAsync(connection, "local.berth.localhost", target));
    }

    [Theory]
    [InlineData("X-Forwarded-For", "127.0.0.2")]
    [InlineData("X-Real-IP", "127.0.0.2")]
    [InlineData("Forwarded", "for=127.0.0.2")]
    [InlineData("X-Original-For", "127.0.0.2")]
    [InlineData("X-Forwarded-Host", "arm.berth.localhost")]
    [InlineData("X-ProxyUser-Ip", "127.0.0.2")]
    [InlineData("True-Client-IP", "127.0.0.2")]
    public async Task Headers_that_name_another_caller_are_not_believed(string header, string value)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, DenyAllBut2);
        using var other = host.From("127.0.0.3");
        other.DefaultRequestHeaders.TryAddWithoutValidation(header, value);
        Assert.Contains("'127.0.0.3'", await DenialOfAsync(await other.GetAsync("/v2/")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_stands_meets_the_changed_rules_with_its_next_request()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var connection = await ConnectAsync(host);
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal("401", await AskAsync(connection, "local.berth.localhost", "/v2/"));
            await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, DenyAllBut2);
            Assert.Equal("403", await AskAsync(connection, "local.berth.localhost", "/v2/"));

            // Another registry on the same connection is judged by its own rules.
            Assert.Equal("404", await AskAsync(connection, "absent.berth.localhost", "/v2/"));
            Assert.Equal("403", await AskAsync(connection, "127.0.0.1", "/oauth2/token?service=local.berth.localhost"));
            await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"networkRuleSet":{"defaultAction":"Allow"}}}""");
        }
    }

    [Fact]
    public async Task A_transfer_that_was_let_in_goes_on_to_its_end_and_the_next_request_is_refused()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var client = OwnerOf(host);
        var blob = new byte[32 << 20];
        Random.Shared.NextBytes(blob);
        var digest = Berth.Oci.Digest.Compute(Berth.Oci.DigestAlgorithm.Sha256, blob);
        Assert.Equal(HttpStatusCode.Created, await client.PushBlobAsync("team/app", blob));
        using var answer = await client.GetAsync($"/v2/team/app/blobs/{digest}", HttpCompletionOption.ResponseHeadersRead);
        await using var body = await answer.Content.ReadAsStreamAsync();
        var first = new byte[1];
        await body.ReadExactlyAsync(first);

        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, DenyAllBut2);
        await DenialOfAsync(await client.GetAsync($"/v2/team/app/blobs/{digest}"));
        using var rest = new MemoryStream();
        await body.CopyToAsync(rest);
        Assert.Equal(blob.Length - 1, rest.Length);
    }

    private static async Task<System.Net.Sockets.NetworkStream> ConnectAsync(RegistryHost host)
    {
        var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, host.Client.BaseAddress!.Port);
        return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
    }

    // One request on a connection that stays; the status.
    private static async Task<string> AskAsync(System.Net.Sockets.NetworkStream connection, string name, string target)
    {
        await connection.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"HEAD {target} HTTP/1.1\r\nHost: {name}\r\n\r\n"));
        var text = "";
        var next = new byte[1];
        while (!text.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await connection.ReadExactlyAsync(next);
            text += (char)next[0];
        }

        return text.Split(' ')[1];
    }

    // Each request is one alone, without another for a token.
    private static HttpClient OwnerOf(RegistryHost host) => host.ClientOf(OwnerAccount.Name, RegistryHost.Password);

    private static async Task<string> DenialOfAsync(HttpResponseMessage response)
    {
        using (response)
        {
            using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
            Assert.Empty(response.Headers.WwwAuthenticate);
            var error = Assert.Single(body.RootElement.GetProperty("errors").EnumerateArray());
            Assert.Equal("DENIED", Text(error, "code"));
            return Text(error, "message")!;
        }
    }

    private static string? Text(JsonElement value, string name) => value.GetProperty(name).GetString();
}
