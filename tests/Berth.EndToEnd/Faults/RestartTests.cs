using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Faults;

/// <summary>What lives on over an orderly restart and over a kill: uploads under way, content, the owner.</summary>
public sealed class RestartTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    [Theory]
    [InlineData("sha256", false)]
    [InlineData("sha512", false)]
    [InlineData("sha256", true)]
    [InlineData("sha512", true)]
    public async Task An_upload_goes_on_after_the_server_was_started_again(string algorithm, bool killed)
    {
        var bytes = Content.Random(500_000);
        var location = await Client.StartUploadAsync(Repo, algorithm);
        location = (await Client.PatchChunkAsync(location, bytes[..200_001], 0)).Expect(202).Location;

        await AgainAsync(killed);
        var status = (await Client.GetAsync(location)).Expect(204).ExpectHeader("Range", "0-200000");
        (await Client.PatchChunkAsync(location, bytes[..10], 0)).ExpectError(416);
        location = (await Client.PatchChunkAsync(status.Location, bytes[200_001..300_000], 200_001)).Expect(202).Location;

        await AgainAsync(killed);
        (await Client.PutAsync(RegistryActions.With(location, $"digest={Content.Digest(bytes, algorithm)}"), bytes[300_000..], ("Content-Range", "300000-499999"))).Expect(201);
        (await Client.GetAsync($"/v2/{Repo}/blobs/{Content.Digest(bytes, algorithm)}")).Expect(200).ExpectBody(bytes);
    }

    [Fact]
    public async Task A_cancelled_and_a_finished_upload_stay_so()
    {
        var cancelled = await Client.StartUploadAsync(Repo);
        (await Client.DeleteAsync(cancelled)).Expect(204);
        var finished = await Client.StartUploadAsync(Repo);
        (await Client.PutAsync(RegistryActions.With(finished, $"digest={Content.Digest([1])}"), [1])).Expect(201);
        await AgainAsync(killed: true);
        (await Client.GetAsync(cancelled)).ExpectError(404, "BLOB_UPLOAD_UNKNOWN");
        (await Client.GetAsync(finished)).ExpectError(404, "BLOB_UPLOAD_UNKNOWN");
        (await Client.GetAsync($"/v2/{Repo}/blobs/{Content.Digest([1])}")).Expect(200).ExpectBody([1]);
    }

    [Fact]
    public async Task Requests_under_way_are_answered_before_an_orderly_end_and_the_server_ends_with_0()
    {
        var bytes = Content.Random(200_000);
        await using var slow = await RawConnection.OpenAsync(Fixture.Endpoint);
        await slow.SendHeadAsync("POST", $"/v2/{Repo}/blobs/uploads/?digest={Content.Digest(bytes)}", ("Content-Length", $"{bytes.Length}"));
        await slow.SendAsync(bytes.AsMemory(0, 100_000));
        await Task.Delay(300);

        var stopping = Fixture.Server.StopAsync(TimeSpan.FromSeconds(40));
        await Task.Delay(700);
        await slow.SendAsync(bytes.AsMemory(100_000));
        (await slow.ReceiveAsync()).Expect(201);
        Assert.Equal(0, await stopping);

        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(30));
        (await Client.GetAsync($"/v2/{Repo}/blobs/{Content.Digest(bytes)}")).Expect(200).ExpectBody(bytes);
    }

    [Fact]
    public async Task A_second_server_on_the_same_data_is_refused_in_one_sentence_and_harms_nothing()
    {
        var image = await Client.PushImageAsync(Repo, "latest");
        await using var second = new ServerProcess(BuiltProgram.Server!, "second", data: Fixture.Server.Data);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => second.StartAsync(TimeSpan.FromSeconds(30)));
        Assert.DoesNotContain("status 0", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"{Fixture.Server.Id}", refused.Message, StringComparison.Ordinal);
        (await Client.GetManifestAsync(Repo, "latest")).Expect(200).ExpectBody(image.Bytes);
    }

    private async Task AgainAsync(bool killed)
    {
        if (!killed)
        {
            await Fixture.RestartAsync();
            return;
        }

        await Fixture.Server.KillAsync();
        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(30));
    }
}
