using System.Diagnostics;
using System.Text.Json;
using Berth.EndToEnd.Faults;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>Garbage collection as an operator sees it and holds it, by the client's commands.</summary>
public sealed class GarbageCommandTests(FastCollection fixture) : EndToEndTest<FastCollection>(fixture)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private BerthClient _client = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _client = new BerthClient(Fixture, NewFolder("client"));
        await _client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
    }

    [Fact]
    public async Task A_pause_holds_what_the_proof_lists_until_somebody_resumes()
    {
        var paused = await JsonAsync("garbage", "pause", "--hours", "1");
        Assert.Equal(("paused", "owner"), (Text(paused, "state"), Text(paused, "pausedBy")));
        var blob = await Client.PushAsync(Repo, BlobContent.Layer(10_000));
        (await Client.DeleteAsync($"/v2/{Repo}/blobs/{blob.Digest}")).Expect(202);

        // Several rounds are over by then.
        await Task.Delay(TimeSpan.FromSeconds(3));
        var entry = Assert.Single(await ProofAsync(blob.Digest));
        Assert.Equal(("blob", true), (Text(entry, "kind"), entry.GetProperty("taken").GetBoolean()));
        Assert.Contains("no repository has held it", Text(entry, "reason"), StringComparison.Ordinal);
        Assert.Contains(blob.Digest, (await _client.RunAsync("garbage", "proof", "--taken-only", "--output", "table")).Succeeded().Output, StringComparison.Ordinal);
        var shown = await JsonAsync("garbage", "show");
        Assert.Equal("paused", Text(shown, "state"));
        Assert.InRange(shown.GetProperty("due").GetProperty("blobs").GetInt32(), 1, 1_000);

        (await _client.RunAsync("garbage", "resume")).Succeeded();

        var clock = Stopwatch.StartNew();
        while ((await ProofAsync(blob.Digest)).Count > 0 && clock.Elapsed < Limit) await Task.Delay(500);
        Assert.Empty(await ProofAsync(blob.Digest));
        shown = await JsonAsync("garbage", "show");
        Assert.Equal("running", Text(shown, "state"));
        Assert.Equal(JsonValueKind.Null, shown.GetProperty("pausedUntil").ValueKind);
        Assert.Equal(JsonValueKind.Object, shown.GetProperty("lastRound").ValueKind);
    }

    [Fact]
    public async Task A_pause_without_an_end_or_with_one_too_far_away_is_refused_and_so_is_who_has_no_right()
    {
        foreach (var wrong in (string[][])[[], ["--hours", "0"], ["--hours", "169"], ["--until", "soon"], ["--hours", "1", "--until", "2099-01-01T00:00:00Z"]])
            Assert.Equal(2, (await _client.RunAsync(["garbage", "pause", .. wrong])).Status);
        Assert.Equal(1, (await _client.RunAsync("garbage", "pause", "--until", "2099-01-01T00:00:00Z")).Status);
        (await _client.RunAsync("garbage", "resume")).Succeeded();

        (await _client.RunAsync("ad", "user", "create", "--display-name", "Nora", "--upn", "nora@example.test", "--password", "Nora's first passw0rd")).Succeeded();
        var nobody = new BerthClient(Fixture, NewFolder("nobody"));
        await nobody.SignInAsync("nora@example.test", "Nora's first passw0rd");
        foreach (var command in (string[][])[["show"], ["proof"], ["pause", "--hours", "1"], ["resume"]])
        {
            var refused = await nobody.RunAsync(["garbage", .. command]);
            Assert.NotEqual(0, refused.Status);
            Assert.Contains("may not do this with garbage collection", refused.Errors, StringComparison.Ordinal);
        }
    }

    private static string Text(JsonElement value, string name) => value.GetProperty(name).GetString()!;

    private async Task<List<JsonElement>> ProofAsync(string digest) =>
        [.. (await JsonAsync("garbage", "proof")).EnumerateArray().Where(entry => entry.GetProperty("digest").GetString() == digest)];

    private async Task<JsonElement> JsonAsync(params string[] arguments) => JsonDocument.Parse((await _client.RunAsync(arguments)).Succeeded().Output).RootElement;
}
