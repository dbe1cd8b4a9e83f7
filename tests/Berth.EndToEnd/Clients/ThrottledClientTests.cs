using System.Diagnostics;
using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Clients;

/// <summary>A server that serves one caller a read every three seconds, once twenty are spent, and one of the control plane every fifteen, once four are.</summary>
public sealed class FewReads : ServerFixture
{
    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["BERTH_RateLimits__Read__PerCaller"] = "20",
        ["BERTH_RateLimits__ControlRead__PerCaller"] = "4",
    };
}

/// <summary>Real clients at a registry that says "later": each waits as long as it is told, or shows what the registry says.</summary>
public sealed class ThrottledClientTests(FewReads fixture) : EndToEndTest<FewReads>(fixture)
{
    [Fact]
    public async Task Skopeo_waits_and_goes_on()
    {
        var image = ImageLayout.Small(NewFolder("layout"));
        (await Fixture.RunAsync("skopeo", "copy", "--dest-tls-verify=false", image.Reference, $"docker://{Host}/{Repo}:1")).Succeeded();
        await SpendAsync();
        var clock = Stopwatch.StartNew();
        (await Fixture.RunAsync("skopeo", "inspect", "--tls-verify=false", $"docker://{Host}/{Repo}:1")).Succeeded();
        Assert.True(clock.Elapsed > TimeSpan.FromSeconds(2), $"it was served after {clock.Elapsed}");
    }

    [Fact]
    public async Task Podman_waits_and_goes_on()
    {
        var image = ImageLayout.Small(NewFolder("layout"));
        (await Fixture.RunAsync("skopeo", "copy", "--dest-tls-verify=false", image.Reference, $"docker://{Host}/{Repo}:1")).Succeeded();
        await SpendAsync();
        (await Fixture.RunAsync("podman", "--root", NewFolder("root"), "--runroot", NewFolder("run"), "--storage-driver", "vfs", "pull", "--tls-verify=false", $"{Host}/{Repo}:1")).Succeeded();
    }

    [Fact]
    public async Task The_client_waits_says_so_and_goes_on()
    {
        var client = new BerthClient(Fixture, NewFolder("client"));
        await client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        var said = "";
        for (var i = 0; i < 6 && said.Length == 0; i++) said = (await client.RunAsync("acr", "list")).Succeeded().Errors;
        Assert.Contains("asks to come later (429); trying again in", said, StringComparison.Ordinal);
    }

    // Until the registry has nothing left for the owner at this moment.
    private async Task SpendAsync()
    {
        for (var i = 0; i < 60; i++)
        {
            var reply = await Client.GetAsync($"/v2/{Repo}/manifests/absent");
            if (reply.Status == 429) return;
        }

        Assert.Fail("The reads of the owner have no end.");
    }
}
