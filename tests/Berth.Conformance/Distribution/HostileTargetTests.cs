using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>Names and request targets that no honest client sends, sent as they stand; and odd ones that are right.</summary>
public sealed class HostileTargetTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    [Theory]
    [InlineData("UPPER")]
    [InlineData("a/Upper")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData(".a")]
    [InlineData("a.")]
    [InlineData("a..b")]
    [InlineData("_a")]
    [InlineData("a_")]
    [InlineData("a___b")]
    [InlineData("a._b")]
    [InlineData("a/-b")]
    [InlineData("a/.b")]
    [InlineData("_catalog")]
    [InlineData("a@b")]
    [InlineData("a:b")]
    [InlineData("a+b")]
    [InlineData("a~b")]
    [InlineData("a*b")]
    [InlineData("a;b")]
    [InlineData("a%20b")]
    [InlineData("a%00b")]
    [InlineData("a%0D%0Ab")]
    [InlineData("a%09b")]
    [InlineData("a%7Fb")]
    [InlineData("a%C3%A9b")]
    [InlineData("a%C0%AFb")]
    [InlineData("a%FFb")]
    [InlineData("a%25b")]
    [InlineData("%2Fa")]
    [InlineData("a%2F")]
    [InlineData("a%2F%2Fb")]
    [InlineData("a/%2Fb")]
    [InlineData("a%2F..%2Fb")]
    [InlineData("a%2f..%2fb")]
    [InlineData("a%2F.%2Fb")]
    [InlineData("a%2F%2e%2e%2Fb")]
    [InlineData("a%252Fb")]
    [InlineData("a%5Cb")]
    [InlineData("a\\b")]
    [InlineData("a%")]
    [InlineData("a%2")]
    [InlineData("a%zz")]
    [InlineData("caf\u00e9")]
    [InlineData("a//b")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("../a")]
    [InlineData("a/..")]
    [InlineData("a/../b")]
    [InlineData("a/./b")]
    [InlineData("%2e%2e")]
    [InlineData("a/%2e%2e/b")]
    [InlineData("a/%2E%2E/b")]
    [InlineData("a/.%2e/b")]
    [InlineData("a/..;/b")]
    public async Task A_name_that_is_none_is_refused_on_every_route(string name)
    {
        var digest = Content.UnknownDigest();
        foreach (var (method, target) in ((string, string)[])[
            ("GET", $"/v2/{name}/tags/list"), ("GET", $"/v2/{name}/manifests/latest"), ("HEAD", $"/v2/{name}/manifests/{digest}"), ("PUT", $"/v2/{name}/manifests/latest"),
            ("DELETE", $"/v2/{name}/manifests/{digest}"), ("GET", $"/v2/{name}/blobs/{digest}"), ("DELETE", $"/v2/{name}/blobs/{digest}"),
            ("POST", $"/v2/{name}/blobs/uploads/"), ("GET", $"/v2/{name}/referrers/{digest}")])
        {
            var reply = await RawAsync(method, target, method is "PUT" or "POST" ? [] : null);
            ExpectRefusal(reply, target, "NAME_INVALID", "NAME_UNKNOWN", "BAD_REQUEST", "UNSUPPORTED");
        }
    }

    [Theory]
    [InlineData("%2F")]
    [InlineData("%2f")]
    public async Task An_encoded_slash_of_a_name_is_a_slash(string slash)
    {
        var image = await Client.PushImageAsync($"{Repo}/victim", "latest");
        foreach (var target in (string[])["tags/list", "manifests/latest", $"manifests/{image.Digest}"])
        {
            var written = await RawAsync("GET", $"/v2/{$"{Repo}/victim".Replace("/", slash, StringComparison.Ordinal)}/{target}");
            var plain = await RawAsync("GET", $"/v2/{Repo}/victim/{target}");
            Assert.Equal((200, Convert.ToHexString(plain.Body)), (written.Status, Convert.ToHexString(written.Body)));
        }
    }

    [Theory]
    [InlineData("/v2/{0}/other/../victim/tags/list")]
    [InlineData("/v2/{0}/other/%2e%2e/victim/tags/list")]
    [InlineData("/v2/{0}/./victim/tags/list")]
    [InlineData("/v2/{0}//victim/tags/list")]
    [InlineData("/v2/{0}%2Fvictim%2Ftags/list")]
    [InlineData("/v2/{0}%2Fother%2F..%2Fvictim/tags/list")]
    [InlineData("/v2/{0}\\victim/tags/list")]
    [InlineData("/v2/../v2/{0}/victim/tags/list")]
    [InlineData("/v2/{0}/victim/blobs/../tags/list")]
    [InlineData("/v2/{0}/victim/manifests/../tags/list")]
    [InlineData("/v2/{0}/victim/tags/list/")]
    [InlineData("/v2/{0}/victim/tags//list")]
    [InlineData("/v2/{0}/victim/tags/list/..")]
    [InlineData("/v2/{0}/victim/tags/./list")]
    [InlineData("/v2//{0}/victim/tags/list")]
    [InlineData("/v2/{0}/victim/tags%2Flist")]
    [InlineData("{1}/v2/{0}/other/../victim/tags/list")]
    public async Task A_detour_does_not_lead_to_a_repository(string target)
    {
        await Client.PushImageAsync($"{Repo}/victim", "latest");
        await Client.PushImageAsync($"{Repo}/other", "latest");
        var path = string.Format(System.Globalization.CultureInfo.InvariantCulture, target, Repo, $"{Endpoint.Address.Scheme}://{Endpoint.Authority}");
        var reply = await RawAsync("GET", path);
        Assert.True(reply.Status is 400 or 404, reply.ToString());
        reply.ErrorCodes();
    }

    [Theory]
    [InlineData("/v2/a\0b/tags/list")]
    [InlineData("/v2/a\u0001b/tags/list")]
    [InlineData("/v2/a b/tags/list")]
    [InlineData("/v2/a\tb/tags/list")]
    [InlineData("/v2/a\u007fb/tags/list")]
    [InlineData("v2/a/tags/list")]
    [InlineData("\\v2\\a\\tags\\list")]
    [InlineData("*")]
    [InlineData("")]
    public async Task A_target_that_is_no_target_is_a_4xx(string target)
    {
        var reply = await RawAsync("GET", target);
        Assert.InRange(reply.Status, 400, 499);
    }

    [Theory]
    [InlineData(9_000)]
    [InlineData(70_000)]
    [InlineData(1_000_000)]
    public async Task An_over_long_target_is_a_4xx(int length)
    {
        await using var connection = await RawConnection.OpenAsync(Endpoint);
        try
        {
            await connection.SendHeadAsync("GET", $"/v2/{new string('a', length)}/tags/list");
        }
        catch (IOException)
        {
            // The server has answered and closed already; what it said is read below.
        }

        (await connection.ReceiveAsync()).Expect(400, 414, 431);
    }

    [Fact]
    public async Task Header_bombs_are_a_4xx()
    {
        (await RawAsync("GET", "/v2/", null, [.. Enumerable.Range(0, 500).Select(i => ($"X-{i}", "y"))])).Expect(400, 431);
        (await RawAsync("GET", "/v2/", null, ("X-Long", new string('y', 60_000)))).Expect(400, 431);
    }

    [Fact]
    public async Task A_name_has_up_to_255_characters()
    {
        var longest = string.Join('/', Enumerable.Repeat(Repo.Replace('/', '-'), 20))[..255].TrimEnd('/', '-').PadRight(255, 'z');
        var manifest = await Client.PushImageAsync(longest, "latest");
        (await Client.GetManifestAsync(longest, "latest")).Expect(200).ExpectBody(manifest.Bytes);
        (await Client.GetAsync($"/v2/{longest}/tags/list")).Expect(200);

        (await Client.PostAsync($"/v2/{longest}z/blobs/uploads/")).ExpectError(400, "NAME_INVALID");
        (await Client.GetAsync($"/v2/{longest}z/tags/list")).ExpectError(400, "NAME_INVALID");
        (await Client.PostAsync($"/v2/{Repo}/blobs/uploads/?mount={Content.UnknownDigest()}&from={longest}z")).Expect(202, 400);
    }

    [Theory]
    [InlineData("blobs")]
    [InlineData("uploads")]
    [InlineData("manifests")]
    [InlineData("tags")]
    [InlineData("list")]
    [InlineData("referrers")]
    [InlineData("v2")]
    [InlineData("tags/list")]
    [InlineData("blobs/uploads")]
    [InlineData("x/blobs/uploads/y")]
    [InlineData("manifests/latest")]
    [InlineData("tags/list/tags/list")]
    [InlineData("blobs/uploads/blobs/uploads")]
    [InlineData("referrers/manifests/blobs")]
    [InlineData("catalog")]
    [InlineData("a--b/c__d/e.f/g-h_i")]
    [InlineData("0")]
    [InlineData("127.0.0.1/x")]
    public async Task A_name_may_hold_the_words_of_the_routes(string words)
    {
        foreach (var name in (string[])[$"{words}/{Repo}", $"{Repo}/{words}"])
        {
            var manifest = await Client.PushImageAsync(name, "latest", "uploads", "list");
            (await Client.GetManifestAsync(name, "latest")).Expect(200).ExpectBody(manifest.Bytes);
            (await Client.GetManifestAsync(name, "uploads")).Expect(200).ExpectBody(manifest.Bytes);
            (await Client.GetAsync($"/v2/{name}/referrers/{manifest.Digest}")).Expect(200);
            var list = (await Client.GetAsync($"/v2/{name}/tags/list")).Expect(200).Json;
            Assert.Equal(name, list.GetProperty("name").GetString());
            Assert.Equal(["latest", "list", "uploads"], list.GetProperty("tags").EnumerateArray().Select(t => t.GetString()!));

            var location = await Client.StartUploadAsync(name);
            (await Client.GetAsync(location)).Expect(204);
            (await Client.DeleteAsync(location)).Expect(204);
            (await Client.DeleteAsync(ManifestPath(name, manifest.Digest))).Expect(202);
            (await Client.GetAsync($"/v2/{name}/tags/list")).ExpectError(404, "NAME_UNKNOWN");
        }
    }

    [Fact]
    public async Task The_host_names_the_registry()
    {
        Assert.SkipWhen(Fixture.Domain is null, "The domain of a server that was not started here is not known.");
        await Client.PushImageAsync(Repo, "latest");
        var path = $"/v2/{Repo}/tags/list";
        (await RawAsync("GET", path, null, ("Host", $"local.{Fixture.Domain}"))).Expect(200);
        (await RawAsync("GET", path, null, ("Host", $"LOCAL.{Fixture.Domain!.ToUpperInvariant()}:1234"))).Expect(200);
        (await RawAsync("GET", path, null, ("Host", "localhost"))).Expect(200);
        (await RawAsync("GET", path, null, ("Host", $"nobody.{Fixture.Domain}"))).ExpectError(404, "NAME_UNKNOWN");
        (await RawAsync("GET", path, null, ("Host", $"deeper.local.{Fixture.Domain}"))).ExpectError(404, "NAME_UNKNOWN");
        (await RawAsync("GET", path, null, ("Host", ""))).Expect(400);
    }
}
