using System.Text;
using System.Text.RegularExpressions;
using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>Without credentials that are right nothing answers: every route, every verb, whether the thing exists or not, and nothing is changed.</summary>
public sealed class AuthenticationTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    /// <summary>Credentials that must not be let in; <see cref="Header"/> makes the header.</summary>
    public static TheoryData<string> Wrong() =>
    [
        "none", "wrong password", "wrong user", "empty password", "no colon", "not base64", "scheme alone", "empty user", "case of the user", "password with NUL",
        "bearer", "bearer without signature", "bearer of the password", "another scheme", "64 KiB of password", "two headers in one",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Every_route_and_verb_answers_401_with_a_challenge(string credentials)
    {
        var image = await Client.PushImageAsync(Repo, "latest");
        var blob = await Client.PushAsync(Repo, BlobContent.Layer());
        var upload = new Uri(Endpoint.Address, await Client.StartUploadAsync(Repo)).PathAndQuery;
        var headers = Header(credentials) is { } header ? ((string, string)[])[("Authorization", header)] : [("Authorization", "")];

        // A wrong password costs the server a slow hash by design, so only two kinds of credentials go to every route.
        var every = credentials is "none" or "wrong password" ? 1 : 6;
        foreach (var (method, target) in Routes(image, blob, upload).Where((_, i) => i % every == 0))
        {
            byte[]? body = method is "PUT" or "POST" or "PATCH" ? image.Bytes : null;
            var reply = await RawAsync(method, target, body, [.. headers, ("Content-Type", Types.Manifest)]);
            if (credentials == "64 KiB of password" && reply.Status is 400 or 431) continue;
            reply.ExpectError(401, "UNAUTHORIZED");
            Assert.Matches("^(Basic|Bearer) realm=\"[^\"]+\"", reply.Header("WWW-Authenticate") ?? "");
            Assert.Null(reply.Header("Docker-Content-Digest"));
        }

        (await Client.GetManifestAsync(Repo, "latest")).Expect(200).ExpectBody(image.Bytes);
        (await Client.GetManifestAsync(Repo, "other")).Expect(404);
        (await Client.HeadAsync(BlobPath(Repo, blob.Digest))).Expect(200);
        (await Client.GetAsync(upload)).Expect(204).ExpectHeader("Range", "0-0");
        (await Client.GetAsync($"/v2/{Repo}-never/tags/list")).Expect(404);
    }

    [Fact]
    public async Task What_exists_and_what_does_not_look_alike_without_credentials()
    {
        var image = await Client.PushImageAsync(Repo, "latest");
        foreach (var (there, absent) in ((string, string)[])[
            (ManifestPath(Repo, "latest"), ManifestPath(Repo, "tsetal")),
            (ManifestPath(Repo, image.Digest), ManifestPath(Repo, Content.UnknownDigest())),
            ($"/v2/{Repo}/tags/list", $"/v2/{NewRepo()}/tags/list")])
        {
            var first = (await RawAsync("GET", there, null, ("Authorization", ""))).ExpectError(401);
            var second = (await RawAsync("GET", absent, null, ("Authorization", ""))).ExpectError(401);
            Assert.Equal(Shape(first, there), Shape(second, absent));
        }
    }

    [Fact]
    public async Task The_scheme_is_written_in_any_case()
    {
        foreach (var header in (string[])[Endpoint.PasswordHeader, await Endpoint.AuthorizeAsync("GET", "/v2/")])
        {
            var (scheme, credential) = (header.Split(' ')[0], header.Split(' ')[1]);
            (await RawAsync("GET", "/v2/", null, ("Authorization", $"{scheme.ToLowerInvariant()} {credential}"))).Expect(200);
            (await RawAsync("GET", "/v2/", null, ("Authorization", $"{scheme.ToUpperInvariant()} {credential}"))).Expect(200);
        }
    }

    [Fact]
    public async Task A_failure_does_not_spoil_the_right_password_and_the_right_one_does_not_help_a_wrong_one()
    {
        for (var i = 0; i < 3; i++)
        {
            (await RawAsync("GET", "/v2/", null, ("Authorization", RegistryEndpoint.Basic(Endpoint.User, "wrong")))).ExpectError(401, "UNAUTHORIZED");
            (await RawAsync("GET", "/v2/", null, ("Authorization", Endpoint.PasswordHeader))).Expect(200);
        }
    }

    [Fact]
    public async Task A_large_body_without_credentials_is_refused_before_it_is_read()
    {
        await using var connection = await RawConnection.OpenAsync(Endpoint);
        await connection.SendHeadAsync(
            "POST", $"/v2/{Repo}/blobs/uploads/?digest={Content.UnknownDigest()}", ("Authorization", ""), ("Content-Length", "100000000000"), ("Expect", "100-continue"));
        (await connection.ReceiveAsync(TimeSpan.FromSeconds(20))).ExpectError(401, "UNAUTHORIZED");
    }

    [Fact]
    public async Task The_challenge_does_not_repeat_a_host_that_is_not_ours()
    {
        var reply = (await RawAsync("GET", "/v2/", null, ("Authorization", ""), ("Host", "evil.example"))).Expect(401, 404, 421);
        Assert.DoesNotContain("evil.example", reply.Header("WWW-Authenticate") ?? "", StringComparison.Ordinal);
        var forwarded = (await RawAsync("GET", "/v2/", null, ("Authorization", ""), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "gopher"))).Expect(401);
        Assert.DoesNotContain("evil.example", forwarded.Header("WWW-Authenticate")!, StringComparison.Ordinal);
        Assert.DoesNotContain("gopher", forwarded.Header("WWW-Authenticate")!, StringComparison.Ordinal);
    }

    // The challenge names what was asked for.
    private static string Shape(Reply reply, string target) =>
        $"{reply.Status} {Regex.Replace(reply.Header("WWW-Authenticate") ?? "", "repository:[^:]+:", "repository:NAME:")} {string.Join(',', reply.ErrorCodes())} {reply.Headers.Count} {reply.Text.Replace(target, "", StringComparison.Ordinal).Length}";

    private IEnumerable<(string Method, string Target)> Routes(ManifestContent image, BlobContent blob, string upload)
    {
        var unknown = Content.UnknownDigest();
        yield return ("GET", "/v2/");
        yield return ("HEAD", "/v2/");
        yield return ("GET", "/v2/_catalog");
        foreach (var repository in (string[])[Repo, $"{Repo}-never"])
        {
            foreach (var method in (string[])["GET", "HEAD", "DELETE"])
            {
                yield return (method, ManifestPath(repository, "latest"));
                yield return (method, ManifestPath(repository, image.Digest));
                yield return (method, BlobPath(repository, blob.Digest));
            }

            yield return ("GET", BlobPath(repository, unknown));
            yield return ("PUT", ManifestPath(repository, "other"));
            yield return ("PUT", ManifestPath(repository, image.Digest) + "?tag=other");
            yield return ("GET", $"/v2/{repository}/tags/list");
            yield return ("GET", $"/v2/{repository}/tags/list?n=1&last=a");
            yield return ("GET", $"/v2/{repository}/referrers/{image.Digest}");
            yield return ("POST", $"/v2/{repository}/blobs/uploads/");
            yield return ("POST", $"/v2/{repository}/blobs/uploads/?digest={image.Digest}");
            yield return ("POST", $"/v2/{repository}/blobs/uploads/?mount={blob.Digest}&from={Repo}");
            yield return ("POST", $"/v2/{repository}/blobs/uploads/?mount={blob.Digest}");
            yield return ("GET", ManifestPath(repository, image.Digest.Replace(':', '-')));
        }

        foreach (var method in (string[])["GET", "PATCH", "DELETE"]) yield return (method, upload);
        yield return ("PUT", RegistryActions.With(upload, $"digest={image.Digest}"));
    }

    private string? Header(string credentials) => credentials switch
    {
        "none" => null,
        "wrong password" => RegistryEndpoint.Basic(Endpoint.User, Endpoint.Password + "x"),
        "wrong user" => RegistryEndpoint.Basic("someone", Endpoint.Password),
        "empty password" => RegistryEndpoint.Basic(Endpoint.User, ""),
        "no colon" => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(Endpoint.User + Endpoint.Password)),
        "not base64" => "Basic !!!!",
        "scheme alone" => "Basic",
        "empty user" => RegistryEndpoint.Basic("", Endpoint.Password),
        "case of the user" => RegistryEndpoint.Basic(Endpoint.User.ToUpperInvariant(), Endpoint.Password + " "),
        "password with NUL" => RegistryEndpoint.Basic(Endpoint.User, Endpoint.Password + "\0"),
        "bearer" => "Bearer abc",
        "bearer without signature" => "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJvd25lciJ9.",
        "bearer of the password" => "Bearer " + Endpoint.Password,
        "another scheme" => "Digest username=\"owner\"",
        "64 KiB of password" => RegistryEndpoint.Basic(Endpoint.User, new string('x', 48 * 1024)),
        "two headers in one" => $"{RegistryEndpoint.Basic(Endpoint.User, "x")}, {Endpoint.PasswordHeader}",
        _ => throw new ArgumentOutOfRangeException(nameof(credentials), credentials, null),
    };
}
