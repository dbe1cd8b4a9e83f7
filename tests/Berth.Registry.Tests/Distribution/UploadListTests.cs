using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Distribution;

public sealed class UploadListTests
{
    private static readonly Uri List = new("/v2/_uploads?n=2", UriKind.Relative);

    [Fact]
    public async Task Open_sessions_are_listed_in_pages_and_leave_the_list_when_they_end()
    {
        await using var host = await RegistryHost.StartAsync();
        var locations = new List<Uri>();
        for (var i = 0; i < 3; i++)
            locations.Add((await host.Client.PostAsync(new Uri($"/v2/listed/r{i}/blobs/uploads/", UriKind.Relative), null)).Headers.Location!);

        var first = await host.Client.GetAsync(List);
        Assert.Equal(2, (await Entries(first)).GetArrayLength());
        var link = Assert.Single(first.Headers.GetValues("Link"));
        var next = await host.Client.GetAsync(new Uri(link[1..link.IndexOf('>')], UriKind.Relative));
        var last = Assert.Single((await Entries(next)).EnumerateArray());
        Assert.StartsWith("listed/r", last.GetProperty("repository").GetString(), StringComparison.Ordinal);
        Assert.False(next.Headers.Contains("Link"));

        foreach (var location in locations) Assert.Equal(HttpStatusCode.NoContent, (await host.Client.DeleteAsync(location)).StatusCode);
        Assert.Equal(0, (await Entries(await host.Client.GetAsync(List))).GetArrayLength());
    }

    [Fact]
    public async Task A_session_that_nobody_goes_on_with_expires_and_its_bytes_are_removed()
    {
        await using var host = await RegistryHost.StartAsync();
        var start = await host.Client.PostAsync(new Uri("/v2/expiring/blobs/uploads/", UriKind.Relative), null);
        var location = start.Headers.Location!;
        using var chunk = new ByteArrayContent(new byte[1000]);
        Assert.Equal(HttpStatusCode.Accepted, (await host.Client.PatchAsync(location, chunk)).StatusCode);

        host.Time.Advance(TimeSpan.FromHours(25));
        await host.Collector.SweepAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync(location)).StatusCode);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(host.StoreFolder, "blobs"), "*", SearchOption.AllDirectories));
    }

    private static async Task<JsonElement> Entries(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("uploads");
    }
}
