using System.Text.RegularExpressions;
using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>Upload sessions: cancel, end, whose they are, and two requests on one of them at once.</summary>
public sealed class UploadSessionTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    private readonly byte[] _bytes = Content.Random(3000);

    private string Digest => Content.Digest(_bytes);

    [Fact]
    public async Task The_location_holds_an_id_that_no_other_session_has()
    {
        var ids = new HashSet<string>();
        for (var i = 0; i < 20; i++) Assert.True(ids.Add(Id(await Client.StartUploadAsync(Repo))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    public async Task A_cancelled_session_is_gone_for_every_verb(int sent)
    {
        var location = await Client.StartUploadAsync(Repo);
        if (sent > 0) location = (await Client.PatchChunkAsync(location, _bytes[..sent], 0)).Expect(202).Location;

        (await Client.DeleteAsync(location)).Expect(204);

        await ExpectGoneAsync(location);
    }

    [Fact]
    public async Task A_finished_session_is_gone_and_only_the_put_that_ended_it_may_be_repeated()
    {
        var location = await Client.StartUploadAsync(Repo);
        location = (await Client.PatchAsync(location, _bytes)).Expect(202).Location;
        (await Client.PutAsync(RegistryActions.With(location, $"digest={Digest}"), [])).Expect(201);

        (await Client.GetAsync(location)).ExpectError(404, "BLOB_UPLOAD_UNKNOWN");
        (await Client.PatchAsync(location, _bytes)).ExpectError(404, "BLOB_UPLOAD_UNKNOWN");
        (await Client.DeleteAsync(location)).ExpectError(404, "BLOB_UPLOAD_UNKNOWN");
        var other = Content.Random(10);
        (await Client.PutAsync(RegistryActions.With(location, $"digest={Content.Digest(other)}"), other)).ExpectError(404, "BLOB_UPLOAD_UNKNOWN");
        (await Client.HeadAsync(BlobPath(Repo, Content.Digest(other)))).Expect(404);
        var repeated = (await Client.PutAsync(RegistryActions.With(location, $"digest={Digest}"), [])).Expect(201, 404);
        if (repeated.Status == 201) repeated.ExpectHeader("Docker-Content-Digest", Digest);
        (await Client.GetAsync(BlobPath(Repo, Digest))).Expect(200).ExpectBody(_bytes);
    }

    [Fact]
    public async Task A_repeated_final_put_does_not_bring_a_deleted_blob_back()
    {
        var location = await Client.StartUploadAsync(Repo);
        var final = RegistryActions.With(location, $"digest={Digest}");
        (await Client.PutAsync(final, _bytes)).Expect(201);
        (await Client.DeleteAsync(BlobPath(Repo, Digest))).Expect(202);
        var repeated = await Client.PutAsync(final, []);
        (await Client.HeadAsync(BlobPath(Repo, Digest))).Expect(repeated.Status == 201 ? 200 : 404);
    }

    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("5f0e1b9e-6f3c-4d62-9d7e-1f1c2a3b4c5d")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("not-an-id")]
    [InlineData("1")]
    public async Task An_id_that_was_never_given_out_is_unknown_for_every_verb(string id) => await ExpectGoneAsync($"/v2/{Repo}/blobs/uploads/{id}");

    [Fact]
    public async Task A_session_of_one_repository_does_not_exist_in_another()
    {
        var other = NewRepo();
        await Client.PushImageAsync(other, "latest");
        var location = await Client.StartUploadAsync(Repo);
        location = (await Client.PatchChunkAsync(location, _bytes[..1000], 0)).Expect(202).Location;

        await ExpectGoneAsync(location.Replace($"/v2/{Repo}/", $"/v2/{other}/", StringComparison.Ordinal));

        (await Client.GetAsync(location)).Expect(204).ExpectHeader("Range", "0-999");
        (await Client.PutAsync(RegistryActions.With(location, $"digest={Digest}"), _bytes[1000..])).Expect(201);
        (await Client.HeadAsync(BlobPath(other, Digest))).Expect(404);
    }

    [Fact]
    public async Task The_location_of_an_earlier_answer_still_finds_the_session()
    {
        var first = await Client.StartUploadAsync(Repo);
        var second = (await Client.PatchChunkAsync(first, _bytes[..1000], 0)).Expect(202).Location;
        (await Client.PatchChunkAsync(second, _bytes[1000..2000], 1000)).Expect(202);

        (await Client.GetAsync(first)).Expect(204).ExpectHeader("Range", "0-1999");
        (await Client.PatchChunkAsync(first, _bytes[..1000], 0)).ExpectError(416);
        (await Client.PatchChunkAsync(first, _bytes[2000..], 2000)).Expect(202);
        (await Client.PutAsync(RegistryActions.With(first, $"digest={Digest}"), [])).Expect(201);
        (await Client.GetAsync(BlobPath(Repo, Digest))).Expect(200).ExpectBody(_bytes);
    }

    [Theory]
    [InlineData("PATCH")]
    [InlineData("PUT")]
    public async Task A_second_writer_of_a_session_is_refused_and_appends_nothing(string method)
    {
        var location = await Client.StartUploadAsync(Repo);
        await using var first = await OpenPatchAsync(location, _bytes[..1000]);

        var target = method == "PUT" ? RegistryActions.With(location, $"digest={Content.Digest(_bytes.AsSpan(2000))}") : location;
        var second = await Client.SendAsync(method, target, _bytes[2000..]);
        Assert.True(second.Status is >= 400 and < 500, second.ToString());
        second.ErrorCodes();

        await first.SendChunkAsync(_bytes[1000..]);
        await first.SendChunkAsync([]);
        location = (await first.ReceiveAsync()).Expect(202).ExpectHeader("Range", "0-2999").Location;
        (await Client.PutAsync(RegistryActions.With(location, $"digest={Digest}"), [])).Expect(201);
        (await Client.GetAsync(BlobPath(Repo, Digest))).Expect(200).ExpectBody(_bytes);
    }

    [Theory]
    [InlineData("PATCH")]
    [InlineData("PUT")]
    public async Task A_second_writer_is_refused_while_the_put_that_ends_the_session_is_under_way(string method)
    {
        var location = await Client.StartUploadAsync(Repo);
        await using var put = await RawConnection.OpenAsync(Endpoint);
        await put.SendHeadAsync("PUT", Target(RegistryActions.With(location, $"digest={Digest}")), ("Content-Length", "3000"));
        await put.SendAsync(_bytes.AsMemory(0, 1000));
        await Task.Delay(300);

        var second = await Client.SendAsync(method, method == "PUT" ? RegistryActions.With(location, $"digest={Digest}") : location, _bytes);
        Assert.True(second.Status is >= 400 and < 500, second.ToString());
        second.ErrorCodes();
        (await Client.GetAsync(location)).Expect(204).ExpectHeader("Range", "0-0");

        await put.SendAsync(_bytes.AsMemory(1000));
        (await put.ReceiveAsync()).Expect(201);
        (await Client.GetAsync(BlobPath(Repo, Digest))).Expect(200).ExpectBody(_bytes);
    }

    [Fact]
    public async Task Writers_that_race_on_one_session_leave_one_winner_a_turn()
    {
        var location = await Client.StartUploadAsync(Repo);
        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Client.PatchChunkAsync(location, _bytes, 0)));

        Assert.Single(replies, r => r.Status == 202);
        foreach (var refused in replies.Where(r => r.Status != 202)) Assert.True(refused.Status is >= 400 and < 500, refused.ToString());
        (await Client.GetAsync(location)).Expect(204).ExpectHeader("Range", "0-2999");
        (await Client.PutAsync(RegistryActions.With(location, $"digest={Digest}"), [])).Expect(201);
    }

    [Fact]
    public async Task A_cancel_during_a_patch_ends_in_a_clear_answer_for_both()
    {
        var location = await Client.StartUploadAsync(Repo);
        await using var patch = await OpenPatchAsync(location, _bytes[..1000]);

        var cancel = await Client.DeleteAsync(location);
        Assert.True(cancel.Status is 204 or (>= 400 and < 500), cancel.ToString());

        await patch.SendChunkAsync(_bytes[1000..]);
        await patch.SendChunkAsync([]);
        var patched = await patch.ReceiveAsync();
        Assert.True(cancel.Status == 204 ? patched.Status is >= 400 and < 500 : patched.Status == 202, $"{cancel}\n{patched}");
        (await Client.GetAsync(location)).Expect(cancel.Status == 204 ? 404 : 204);
    }

    [Fact]
    public async Task A_patch_that_breaks_off_is_resumed_at_the_offset_that_the_status_names()
    {
        var bytes = Content.Random(600_000);
        var location = await Client.StartUploadAsync(Repo);
        location = (await Client.PatchChunkAsync(location, bytes[..100_000], 0)).Expect(202).Location;

        await using (var broken = await RawConnection.OpenAsync(Endpoint))
        {
            await broken.SendHeadAsync("PATCH", Target(location), ("Content-Length", "500000"), ("Content-Range", "100000-599999"));
            await broken.SendAsync(bytes.AsMemory(100_000, 250_000));
            broken.Abort();
        }

        var offset = await OffsetOnceQuietAsync(location);
        Assert.InRange(offset, 100_000, 350_000);
        location = await ResumeAsync(location, bytes, offset);
        (await Client.PutAsync(RegistryActions.With(location, $"digest={Content.Digest(bytes)}"), [])).Expect(201);
        (await Client.GetAsync(BlobPath(Repo, Content.Digest(bytes)))).Expect(200).ExpectBody(bytes);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    public async Task A_push_that_breaks_off_leaves_no_blob(string method)
    {
        var target = method == "POST"
            ? $"/v2/{Repo}/blobs/uploads/?digest={Digest}"
            : Target(RegistryActions.With(await Client.StartUploadAsync(Repo), $"digest={Digest}"));
        await using (var broken = await RawConnection.OpenAsync(Endpoint))
        {
            await broken.SendHeadAsync(method, target, ("Content-Length", "3000"));
            await broken.SendAsync(_bytes.AsMemory(0, 2999));
            await Task.Delay(50);
            broken.Abort();
        }

        (await Client.HeadAsync(BlobPath(Repo, Digest))).Expect(404);
        await Client.PushAsync(Repo, new BlobContent(_bytes));
        (await Client.GetAsync(BlobPath(Repo, Digest))).Expect(200).ExpectBody(_bytes);
    }

    [Fact]
    public async Task A_slow_body_that_keeps_coming_is_taken()
    {
        var bytes = Content.Random(40_000);
        var location = await Client.StartUploadAsync(Repo);
        await using var slow = await OpenPatchAsync(location, bytes[..1000]);
        for (var offset = 1000; offset < bytes.Length; offset += 1500)
        {
            await Task.Delay(250);
            await slow.SendChunkAsync(bytes[offset..Math.Min(bytes.Length, offset + 1500)]);
        }

        await slow.SendChunkAsync([]);
        location = (await slow.ReceiveAsync()).Expect(202).ExpectHeader("Range", "0-39999").Location;
        (await Client.PutAsync(RegistryActions.With(location, $"digest={Content.Digest(bytes)}"), [])).Expect(201);
    }

    [Fact]
    public async Task A_client_that_waits_for_100_continue_is_told_to_go_on_or_refused_at_once()
    {
        await using (var taken = await RawConnection.OpenAsync(Endpoint))
        {
            await taken.SendHeadAsync("POST", $"/v2/{Repo}/blobs/uploads/?digest={Digest}", ("Content-Length", "3000"), ("Expect", "100-continue"));
            await Task.Delay(100);
            await taken.SendAsync(_bytes);
            (await taken.ReceiveAsync()).Expect(201);
        }

        await using var refused = await RawConnection.OpenAsync(Endpoint);
        await refused.SendHeadAsync("POST", $"/v2/{Repo}/blobs/uploads/?digest=sha256:short", ("Content-Length", "3000"), ("Expect", "100-continue"));
        (await refused.ReceiveAsync(TimeSpan.FromSeconds(20))).ExpectError(400, "DIGEST_INVALID");
    }

    private static string Id(string location) => Regex.Match(location, @"/blobs/uploads/([^/?]+)").Groups[1].Value;

    private string Target(string location) => new Uri(Endpoint.Address, location).PathAndQuery;

    /// <summary>Sends a PATCH of unknown length up to the end of its first bytes, and gives the server the time to begin with it.</summary>
    private async Task<RawConnection> OpenPatchAsync(string location, byte[] first)
    {
        var connection = await RawConnection.OpenAsync(Endpoint);
        await connection.SendHeadAsync("PATCH", Target(location), ("Transfer-Encoding", "chunked"), ("Content-Type", "application/octet-stream"));
        await connection.SendChunkAsync(first);
        await Task.Delay(300);
        return connection;
    }

    /// <summary>The number of bytes a session has, once the server has noticed that its writer is gone and the number stands still.</summary>
    private async Task<int> OffsetOnceQuietAsync(string location)
    {
        var last = -1;
        for (var i = 0; i < 50; i++)
        {
            await Task.Delay(100);
            var range = (await Client.GetAsync(location)).Expect(204).Header("Range")!;
            var offset = int.Parse(range.AsSpan(2), System.Globalization.CultureInfo.InvariantCulture) + 1;
            if (offset == last && i >= 3) return offset;
            last = offset;
        }

        throw new ExpectationException($"{location}: the offset does not come to rest.");
    }

    /// <summary>Sends the rest; a writer that is being ended may still hold the session for a moment.</summary>
    private async Task<string> ResumeAsync(string location, byte[] bytes, int offset)
    {
        for (var i = 0; ; i++)
        {
            var reply = await Client.PatchChunkAsync(location, bytes[offset..], offset);
            if (reply.Status == 202 || i == 50) return reply.Expect(202).Location;
            Assert.True(reply.Status is >= 400 and < 500 and not 416, reply.ToString());
            await Task.Delay(100);
        }
    }

    private async Task ExpectGoneAsync(string location)
    {
        (await Client.GetAsync(location)).ExpectError(404, "BLOB_UPLOAD_UNKNOWN");
        (await Client.PatchAsync(location, _bytes)).ExpectError(404, "BLOB_UPLOAD_UNKNOWN");
        (await Client.PutAsync(RegistryActions.With(location, $"digest={Digest}"), _bytes)).ExpectError(404, "BLOB_UPLOAD_UNKNOWN");
        (await Client.DeleteAsync(location)).ExpectError(404, "BLOB_UPLOAD_UNKNOWN");
    }
}
