using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>OCI distribution spec, "Referrers Tag Schema": the tag <c>sha256-&lt;hex&gt;</c> and the referrers API are one view.</summary>
public sealed class ReferrersTagTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    [Fact]
    public async Task The_tag_is_made_from_the_referrers_where_nobody_pushed_it()
    {
        var subject = await Client.PushImageAsync(Repo, "latest");
        (await Client.GetManifestAsync(Repo, Tag(subject))).ExpectError(404, "MANIFEST_UNKNOWN");
        (await Client.HeadManifestAsync(Repo, Tag(subject))).Expect(404);

        var first = await ReferrerAsync(subject);
        var second = await ReferrerAsync(subject);

        var made = (await Client.GetManifestAsync(Repo, Tag(subject))).Expect(200).ExpectHeader("Content-Type", Types.Index);
        Assert.Equal(Content.Digest(made.Body), made.Digest);
        Assert.Equal(2, made.Json.GetProperty("schemaVersion").GetInt32());
        Assert.Equal(
            ((string[])[first.Digest, second.Digest]).Order(StringComparer.Ordinal),
            made.Json.GetProperty("manifests").EnumerateArray().Select(m => m.GetProperty("digest").GetString()!).Order(StringComparer.Ordinal));
        var api = (await Client.GetAsync($"/v2/{Repo}/referrers/{subject.Digest}")).Expect(200).Json.GetProperty("manifests");
        Assert.Equal(api.GetRawText(), made.Json.GetProperty("manifests").GetRawText());

        (await Client.HeadManifestAsync(Repo, Tag(subject))).Expect(200).ExpectHeader("Docker-Content-Digest", made.Digest)
            .ExpectHeader("Content-Type", Types.Index).ExpectHeader("Content-Length", $"{made.Body.Length}");
    }

    [Fact]
    public async Task A_made_tag_into_which_not_all_referrers_fit_says_so()
    {
        var subject = await Client.PushImageAsync(Repo, "latest");
        for (var i = 0; i < 6; i++) await ReferrerAsync(subject, new string('x', 1_000_000));

        var made = (await Client.GetManifestAsync(Repo, Tag(subject))).Expect(200);

        Assert.InRange(made.Json.GetProperty("manifests").GetArrayLength(), 1, 5);
        Assert.Contains($"/v2/{Repo}/referrers/{subject.Digest}", made.Header("Warning"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_made_tag_is_not_listed_and_not_deleted()
    {
        var subject = await Client.PushImageAsync(Repo, "latest");
        var referrer = await ReferrerAsync(subject);
        var list = (await Client.GetAsync($"/v2/{Repo}/tags/list")).Expect(200).Json.GetProperty("tags");
        Assert.Equal(["latest"], list.EnumerateArray().Select(t => t.GetString()!));

        var refused = await Client.DeleteAsync(ManifestPath(Repo, Tag(subject)));
        refused.ExpectError(405, "UNSUPPORTED");
        Assert.Equal("GET, HEAD, PUT", refused.Header("Allow"));
        (await Client.GetManifestAsync(Repo, Tag(subject))).Expect(200);
        (await Client.GetManifestAsync(Repo, referrer.Digest)).Expect(200);
    }

    [Fact]
    public async Task The_tag_of_a_missing_subject_is_made_too()
    {
        var config = await Client.PushAsync(Repo, BlobContent.Config());
        var missing = ManifestContent.Image(config, []);
        var referrer = await ReferrerAsync(missing);
        var made = (await Client.GetManifestAsync(Repo, Tag(missing))).Expect(200).Json.GetProperty("manifests");
        Assert.Equal([referrer.Digest], made.EnumerateArray().Select(m => m.GetProperty("digest").GetString()!));
    }

    [Fact]
    public async Task The_tag_of_a_sha512_subject_is_made_of_the_hex_that_the_schema_keeps()
    {
        var subject = await Client.PushImageAsync(Repo, "latest");
        var ofSha256 = await ReferrerAsync(subject);
        var ofSha512 = await ReferrerAsync(subject, algorithm: "sha512");
        var tag = subject.Sha512.Replace(':', '-')[..("sha512-".Length + 64)];

        var made = (await Client.GetManifestAsync(Repo, tag)).Expect(200).Json.GetProperty("manifests");
        Assert.Equal([ofSha512.Digest], made.EnumerateArray().Select(m => m.GetProperty("digest").GetString()!));
        var other = (await Client.GetManifestAsync(Repo, Tag(subject))).Expect(200).Json.GetProperty("manifests");
        Assert.Equal([ofSha256.Digest], other.EnumerateArray().Select(m => m.GetProperty("digest").GetString()!));

        (await Client.DeleteAsync(ManifestPath(Repo, tag))).ExpectError(405, "UNSUPPORTED");
        (await Client.GetManifestAsync(Repo, tag[..^1] + (tag[^1] == '0' ? '1' : '0'))).ExpectError(404, "MANIFEST_UNKNOWN");
        (await Client.DeleteAsync(ManifestPath(Repo, ofSha512.Digest))).Expect(202);
        (await Client.GetManifestAsync(Repo, tag)).ExpectError(404, "MANIFEST_UNKNOWN");
    }

    [Fact]
    public async Task The_made_tag_ends_with_the_last_referrer()
    {
        var subject = await Client.PushImageAsync(Repo, "latest");
        var referrer = await ReferrerAsync(subject);
        (await Client.GetManifestAsync(Repo, Tag(subject))).Expect(200);
        (await Client.DeleteAsync(ManifestPath(Repo, referrer.Digest))).Expect(202);
        (await Client.GetManifestAsync(Repo, Tag(subject))).ExpectError(404, "MANIFEST_UNKNOWN");
    }

    [Fact]
    public async Task A_tag_that_a_client_pushed_is_served_byte_for_byte_listed_and_deletable()
    {
        var subject = await Client.PushImageAsync(Repo, "latest");
        var referrer = await ReferrerAsync(subject);
        var pushed = await Client.PushAsync(Repo, ManifestContent.Index([referrer.Descriptor()], d => d["annotations"] = new System.Text.Json.Nodes.JsonObject { ["a"] = "b" }), Tag(subject));

        (await Client.GetManifestAsync(Repo, Tag(subject))).Expect(200).ExpectBody(pushed.Bytes).ExpectHeader("Docker-Content-Digest", pushed.Digest);
        await ReferrerAsync(subject);
        (await Client.GetManifestAsync(Repo, Tag(subject))).Expect(200).ExpectBody(pushed.Bytes);
        var list = (await Client.GetAsync($"/v2/{Repo}/tags/list")).Expect(200).Json.GetProperty("tags");
        Assert.Equal(["latest", Tag(subject)], list.EnumerateArray().Select(t => t.GetString()!));

        (await Client.DeleteAsync(ManifestPath(Repo, Tag(subject)))).Expect(202);
        var made = (await Client.GetManifestAsync(Repo, Tag(subject))).Expect(200);
        Assert.Equal(2, made.Json.GetProperty("manifests").GetArrayLength());
    }

    [Fact]
    public async Task A_signature_tag_beside_the_schema_is_an_ordinary_tag()
    {
        var subject = await Client.PushImageAsync(Repo, "latest");
        var signature = await Client.PushImageAsync(Repo, Tag(subject) + ".sig");
        (await Client.GetManifestAsync(Repo, Tag(subject) + ".sig")).Expect(200).ExpectBody(signature.Bytes);
        (await Client.GetManifestAsync(Repo, Tag(subject))).ExpectError(404, "MANIFEST_UNKNOWN");
    }

    [Fact]
    public async Task A_made_tag_stands_in_no_other_repository()
    {
        var subject = await Client.PushImageAsync(Repo, "latest");
        await ReferrerAsync(subject);
        var other = NewRepo();
        await Client.PushImageAsync(other, "latest");
        (await Client.GetManifestAsync(other, Tag(subject))).ExpectError(404, "MANIFEST_UNKNOWN");
    }

    private static string Tag(ManifestContent subject) => subject.Digest.Replace(':', '-');

    private async Task<ManifestContent> ReferrerAsync(ManifestContent subject, string? note = null, string algorithm = "sha256")
    {
        var empty = await Client.PushAsync(Repo, BlobContent.Empty());
        var layer = await Client.PushAsync(Repo, BlobContent.Layer());
        return await Client.PushAsync(Repo, ManifestContent.Image(empty, [layer], d =>
        {
            d["subject"] = subject.Descriptor(algorithm);
            if (note is not null) d["annotations"] = new System.Text.Json.Nodes.JsonObject { ["note"] = note };
        }));
    }
}
