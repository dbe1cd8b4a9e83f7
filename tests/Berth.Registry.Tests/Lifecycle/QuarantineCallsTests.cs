using System.Net;
using System.Text;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using static Berth.Registry.Tests.Artifacts.ArtifactClient;
using static Berth.Registry.Tests.Lifecycle.QuarantineClient;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>The calls that list, set and end quarantine.</summary>
public sealed class QuarantineCallsTests
{
    private const string Repo = "team/app";

    [Fact]
    public async Task Quarantine_is_listed_changed_and_ended_and_stands_in_the_ledger()
    {
        await using var host = await RegistryHost.StartAsync();
        var image = await PushAsync(host, Repo, "image", "v1");
        var elsewhere = Digest.Compute(DigestAlgorithm.Sha256, "not here yet"u8);
        var set = await SetAsync(host, $"digests/{elsewhere}", """{"reason":"known bad"}""");
        Assert.Equal(["digest", "state", "reason", "until", "quarantinedAt", "quarantinedBy"], set.Names());
        await SetAsync(host, $"digests/{image}", """{"reason":"one","until":"2027-01-01T00:00:00+01:00"}""");
        await SetAsync(host, $"digests/{image}", """{"reason":"two","until":null}""");
        await SetAsync(host, "repositories/team%2Fapp", """{"reason":"three"}""");

        var digests = await host.Client.WalkAsync("/berth/v1/quarantine/digests?n=1", "value", "digest");
        Assert.Equal(new[] { image, elsewhere }.Order().Select(digest => digest.ToString()), digests);
        Assert.Equal(["team/app"], await host.Client.WalkAsync("/berth/v1/quarantine/repositories?n=1", "value", "repository"));
        Assert.Equal(["three"], await host.Client.WalkAsync("/berth/v1/quarantine/repositories", "value", "reason"));

        foreach (var path in (string[])[$"digests/{image}", $"repositories/{Repo}"])
        {
            Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(host.Client, "DELETE", $"/berth/v1/quarantine/{path}")).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(host.Client, "DELETE", $"/berth/v1/quarantine/{path}")).StatusCode);
        }

        var records = (await host.Metadata.ReadLedgerAsync(0, 1000, CancellationToken.None)).Where(record => record.Kind.Contains("quarantined", StringComparison.Ordinal) || record.Kind.Contains("released", StringComparison.Ordinal));
        Assert.Equal(
            [
                ("manifest.quarantined", """{"state":"Quarantined","reason":"known bad"}"""), ("manifest.quarantined", """{"state":"Quarantined","reason":"one","until":"2026-12-31T23:00:00Z"}"""),
                ("manifest.quarantined", """{"state":"Quarantined","reason":"two"}"""), ("repository.quarantined", """{"state":"Quarantined","reason":"three"}"""),
                ("manifest.released", null), ("repository.released", (string?)null),
            ],
            records.Select(record => (record.Kind, record.Payload)));
    }

    [Theory]
    [InlineData("{}", "'reason' is what")]
    [InlineData("""{"reason":" "}""", "'reason' is what")]
    [InlineData("""{"reason":7}""", "'reason' must be a text")]
    [InlineData("""{"reason":"a\nb"}""", "control characters")]
    [InlineData("""{"reason":"x","until":"2020-01-01T00:00:00Z"}""", "over already")]
    [InlineData("""{"reason":"x","until":"2030-01-01"}""", "with its offset")]
    [InlineData("""{"reason":"x","until":"2030-01-01T00:00:00"}""", "with its offset")]
    [InlineData("""{"reason":"x","until":7}""", "with its offset")]
    [InlineData("""{"reason":"x","days":7}""", "'days'")]
    [InlineData("[", "no JSON")]
    public async Task What_cannot_be_a_quarantine_is_refused_with_what_is_wrong(string body, string reason)
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, Repo, "image", "v1");
        foreach (var path in (string[])[$"digests/{Digest.Compute(DigestAlgorithm.Sha256, "x"u8)}", $"repositories/{Repo}"])
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var answer = await host.Client.PutAsync(new Uri($"/berth/v1/quarantine/{path}", UriKind.Relative), content);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains(reason, (await BodyAsync(answer)).GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        }

        using var longest = new StringContent($$"""{"reason":"{{new string('x', 1001)}}"}""", Encoding.UTF8, "application/json");
        using var tooLong = await host.Client.PutAsync(new Uri($"/berth/v1/quarantine/repositories/{Repo}", UriKind.Relative), longest);
        Assert.Equal(HttpStatusCode.BadRequest, tooLong.StatusCode);
    }

    [Fact]
    public async Task A_path_that_names_nothing_an_absent_repository_and_another_method_are_refused()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var path in (string[])["", "/digests/x", "/repositories/Team", "/images", "/digests/"])
            Assert.Equal((path, HttpStatusCode.NotFound), (path, (await SendAsync(host.Client, "GET", $"/berth/v1/quarantine{path}")).StatusCode));
        using var content = new StringContent("""{"reason":"x"}""", Encoding.UTF8, "application/json");
        using var absent = await host.Client.PutAsync(new Uri("/berth/v1/quarantine/repositories/none", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.NotFound, absent.StatusCode);
        using var posted = await host.Client.PostAsync(new Uri("/berth/v1/quarantine/repositories/none", UriKind.Relative), null);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "PUT, DELETE"), (posted.StatusCode, string.Join(", ", posted.Content.Headers.Allow)));
        foreach (var query in (string[])["n=0", "n=x"])
            Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(host.Client, "GET", $"/berth/v1/quarantine/digests?{query}")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(host.Client, "GET", "/berth/v1/quarantine/digests?last=x")).StatusCode);
    }
}
