using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>The way to a token that a container tool goes: the challenge, the token service that it names, and the request again.</summary>
public sealed class TokenTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    [Fact]
    public async Task Every_route_lets_in_whoever_has_a_token_for_what_its_challenge_names_and_for_nothing_else()
    {
        var image = await Client.PushImageAsync(Repo, "latest");
        var upload = new Uri(Endpoint.Address, await Client.StartUploadAsync(Repo)).PathAndQuery;
        foreach (var (method, target) in ((string, string)[])[
            ("GET", "/v2/"), ("HEAD", "/v2/"), ("GET", "/v2/_catalog"), ("GET", $"/v2/{Repo}/tags/list"), ("GET", $"/v2/{Repo}/referrers/{image.Digest}"),
            ("GET", ManifestPath(Repo, "latest")), ("HEAD", ManifestPath(Repo, "latest")), ("PUT", ManifestPath(Repo, "latest")),
            ("GET", BlobPath(Repo, image.Digest)), ("HEAD", BlobPath(Repo, image.Digest)), ("POST", $"/v2/{Repo}/blobs/uploads/"),
            ("GET", upload), ("PATCH", upload), ("PUT", RegistryActions.With(upload, $"digest={image.Digest}")), ("DELETE", upload),
            ("GET", "/acr/v1/_catalog"), ("GET", $"/acr/v1/{Repo}/_tags"), ("PATCH", $"/acr/v1/{Repo}"),
            ("DELETE", BlobPath(Repo, Content.UnknownDigest())), ("DELETE", ManifestPath(Repo, "latest")), ("DELETE", $"/acr/v1/{Repo}")])
        {
            byte[]? body = method is "PUT" or "POST" or "PATCH" ? [] : null;
            var challenge = Regex.Match(
                (await RawAsync(method, target, body, ("Authorization", ""))).Expect(401).Header("WWW-Authenticate")!,
                "^Bearer realm=\"([^\"]+)\",service=\"([^\"]+)\"(?:,scope=\"([^\"]+)\")?$");
            Assert.True(challenge.Success, $"{method} {target}");
            var (realm, service, scope) = (new Uri(challenge.Groups[1].Value).PathAndQuery, challenge.Groups[2].Value, challenge.Groups[3].Value);

            // What the tests themselves ask for is this, and no more.
            Assert.Equal(scope, string.Join(' ', RequestScopes.Of(method, target)!));
            var token = await TokenAsync(realm, service, scope);
            Assert.Equal(InOrder(scope), InOrder(string.Join(' ', Access(token))));
            var other = await TokenAsync(realm, service, scope.Length == 0 ? "" : $"repository:{NewRepo()}:*");
            if (scope.Length > 0)
            {
                var refused = (await RawAsync(method, target, body, ("Authorization", $"Bearer {other}"))).Expect(401);
                Assert.Contains("error=\"insufficient_scope\"", refused.Header("WWW-Authenticate"), StringComparison.Ordinal);
            }

            var reply = await RawAsync(method, target, body, ("Authorization", $"Bearer {token}"));
            Assert.True(reply.Status is not (401 or 403) and < 500, reply.ToString());
        }
    }

    [Fact]
    public async Task The_suite_calls_with_a_token_for_its_request_unless_it_was_told_to_send_the_password()
    {
        var header = await Endpoint.AuthorizeAsync("POST", $"/v2/{Repo}/blobs/uploads/?mount=sha256:00&from=other%2Fapp");
        if (TestRun.UsesPassword)
        {
            Assert.Equal(Endpoint.PasswordHeader, header);
            return;
        }

        Assert.StartsWith("Bearer ", header, StringComparison.Ordinal);
        Assert.Equal([$"repository:{Repo}:pull,push", "repository:other/app:pull"], Access(header["Bearer ".Length..]));
    }

    private async Task<string> TokenAsync(string realm, string service, string scope)
    {
        var query = $"?service={WebUtility.UrlEncode(service)}{(scope.Length == 0 ? "" : $"&scope={WebUtility.UrlEncode(scope)}")}";
        return (await RawAsync("GET", realm + query, null, ("Authorization", Endpoint.PasswordHeader))).Expect(200).Json.GetProperty("access_token").GetString()!;
    }

    // A token lists actions in an order of its own.
    private static string InOrder(string scope) => scope.Length == 0 ? "" : $"{scope[..scope.LastIndexOf(':')]}:{string.Join(',', scope[(scope.LastIndexOf(':') + 1)..].Split(',').Order())}";

    // In the words of scopes.
    private static IEnumerable<string> Access(string token)
    {
        var payload = token.Split('.')[1].Replace('-', '+').Replace('_', '/');
        var claims = JsonSerializer.Deserialize<JsonElement>(Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '=')));
        return claims.GetProperty("access").EnumerateArray().Select(entry =>
            $"{entry.GetProperty("type").GetString()}:{entry.GetProperty("name").GetString()}:{string.Join(',', entry.GetProperty("actions").EnumerateArray().Select(a => a.GetString()))}");
    }
}
