using System.Diagnostics;
using System.Net;
using Berth.EndToEnd.Harness;
using Berth.Testing;
using Npgsql;

namespace Berth.EndToEnd.ObjectStores;

/// <summary>Garbage collection and those who have a link to what it takes.</summary>
public sealed class LinkedBytesTests
{
    private const string Repo = "linked";

    // Not those that are reserved for small blobs, which are due in hours.
    private const string IsDue = "not_before < (extract(epoch FROM now()) + 3600) * 1000";

    [Fact]
    public async Task A_link_answers_after_its_blob_was_deleted_and_collected_and_the_bytes_go_five_minutes_after_the_longest_one_ended()
    {
        if (BuiltProgram.Server is null) Tool.Lacking("There is no built berth-server.");
        await using var stores = await SharedStoresActions.MakeAsync();
        var settings = new Dictionary<string, string> { ["BERTH_Lifecycle__Interval"] = "00:00:01", ["BERTH_Distribution__StoreLinkLifetime"] = "00:10:00" };
        await using var node = stores.Node("links", settings);
        await node.StartAsync(TimeSpan.FromSeconds(60));
        using var client = new RegistryClient(node.Endpoint);
        using var store = new HttpClient();
        var blob = await client.PushAsync(Repo, BlobContent.Layer(50_000));
        var link = (await client.GetAsync($"/v2/{Repo}/blobs/{blob.Digest}")).Expect(307).Location;

        (await client.DeleteAsync($"/v2/{Repo}/blobs/{blob.Digest}")).Expect(202);
        await UntilAsync(async () => await stores.CountAsync($"SELECT count(*) FROM discarded_locations WHERE {IsDue}") == 1);
        var seconds = await stores.CountAsync($"SELECT (not_before / 1000 - extract(epoch FROM now()))::bigint FROM discarded_locations WHERE {IsDue}");
        Assert.InRange(seconds, 840, 901);
        Assert.Equal(blob.Bytes, await store.GetByteArrayAsync(link));

        await using (var connection = await stores.ConnectAsync())
        {
            await using var over = new NpgsqlCommand($"UPDATE discarded_locations SET not_before = 0 WHERE {IsDue}", connection);
            Assert.Equal(1, await over.ExecuteNonQueryAsync());
        }

        await UntilAsync(async () =>
        {
            using var answer = await store.GetAsync(link);
            return answer.StatusCode == HttpStatusCode.NotFound;
        });
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        var clock = Stopwatch.StartNew();
        while (!await isSo())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "It did not become so in half a minute.");
            await Task.Delay(100);
        }
    }
}
