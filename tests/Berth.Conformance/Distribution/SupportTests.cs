using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>OCI distribution spec, "Determining Support" (end-1), and what every route has in common.</summary>
public sealed class SupportTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    [Fact]
    public async Task The_base_answers_200() => (await Client.GetAsync("/v2/")).Expect(200);

    [Fact]
    public async Task The_base_answers_without_its_slash_too() => (await Client.GetAsync("/v2")).Expect(200, 301, 307, 308);

    [Fact]
    public async Task The_base_answers_head_without_a_body()
    {
        var reply = (await RawAsync("HEAD", "/v2/")).Expect(200);
        Assert.Empty(reply.Body);
    }

    [Fact]
    public async Task The_base_says_which_protocol_it_speaks_as_old_clients_ask_for() =>
        (await Client.GetAsync("/v2/")).ExpectHeader("Docker-Distribution-Api-Version", "registry/2.0");

    [Fact]
    public async Task A_target_in_absolute_form_is_the_same_request() =>
        (await RawAsync("GET", $"{Endpoint.Address.Scheme}://{Endpoint.Authority}/v2/")).Expect(200);

    [Theory]
    [InlineData("/v2/nothing")]
    [InlineData("/v2/a/b/c")]
    [InlineData("/v2/a/tags")]
    [InlineData("/v2/a/tags/lists")]
    [InlineData("/v2/a/blobs/")]
    [InlineData("/v2/a/blobs")]
    [InlineData("/v2/a/manifests/")]
    [InlineData("/v2/a/referrers/")]
    [InlineData("/v2/_catalog/x")]
    [InlineData("/v2/tags/list")]
    [InlineData("/v2/blobs/uploads/")]
    [InlineData("/v2/manifests/latest")]
    public async Task A_route_that_does_not_exist_is_a_404_in_the_specs_json(string target)
    {
        var reply = await RawAsync("GET", target);
        Assert.True(reply.Status is 404 or 400 or 405, reply.ToString());
        reply.ErrorCodes();
    }

    [Theory]
    [InlineData("POST", "/v2/")]
    [InlineData("PUT", "/v2/_catalog")]
    [InlineData("POST", "/v2/{0}/tags/list")]
    [InlineData("DELETE", "/v2/{0}/tags/list")]
    [InlineData("POST", "/v2/{0}/manifests/latest")]
    [InlineData("PATCH", "/v2/{0}/manifests/latest")]
    [InlineData("PUT", "/v2/{0}/blobs/{1}")]
    [InlineData("POST", "/v2/{0}/blobs/{1}")]
    [InlineData("PATCH", "/v2/{0}/blobs/{1}")]
    [InlineData("PUT", "/v2/{0}/referrers/{1}")]
    [InlineData("DELETE", "/v2/{0}/referrers/{1}")]
    [InlineData("PUT", "/v2/{0}/blobs/uploads/")]
    [InlineData("BREW", "/v2/{0}/manifests/latest")]
    public async Task A_verb_that_a_route_lacks_is_a_405_that_names_the_others(string method, string target)
    {
        var path = string.Format(System.Globalization.CultureInfo.InvariantCulture, target, Repo, Content.UnknownDigest());
        var reply = (await RawAsync(method, path, [])).ExpectError(405, "UNSUPPORTED");
        Assert.False(string.IsNullOrEmpty(reply.Header("Allow")), reply.ToString());
        Assert.DoesNotContain(method, reply.Header("Allow")!.Split(',', StringSplitOptions.TrimEntries));
    }
}
