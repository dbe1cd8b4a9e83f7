using System.Diagnostics;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.ObjectStores;

/// <summary>An object store that stops answering, as readers of blobs see it.</summary>
public sealed class StoreOutageTests(ProxiedAzuriteServer fixture) : EndToEndTest<ProxiedAzuriteServer>(fixture)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <inheritdoc/>
    public override ValueTask InitializeAsync()
    {
        ObjectStore.Require(Fixture.LackingStore);
        return base.InitializeAsync();
    }

    [Fact]
    public async Task Readers_get_503_and_no_links_once_the_store_does_not_answer_and_links_again_when_it_does()
    {
        var layer = await Client.PushAsync(Repo, BlobContent.Layer(20_000));
        var target = $"/v2/{Repo}/blobs/{layer.Digest}";
        (await Client.GetAsync(target)).Expect(307);

        Fixture.Proxy.IsDown = true;
        Fixture.Proxy.Decide = static _ => ProxyAction.Cut;
        await UntilAsync(target, 503);

        Fixture.Proxy.IsDown = false;
        Fixture.Proxy.Decide = null;
        await UntilAsync(target, 307);
        for (var i = 0; i < 5; i++) (await Client.GetAsync(target)).Expect(307);
    }

    private async Task UntilAsync(string target, int status)
    {
        var clock = Stopwatch.StartNew();
        while ((await Client.GetAsync(target)).Status != status)
        {
            Assert.True(clock.Elapsed < Limit, $"the answer did not become {status}");
            await Task.Delay(100);
        }
    }
}
