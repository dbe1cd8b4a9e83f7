using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>A server on which nothing is young for longer than a second.</summary>
public sealed class ShortGraceFixture : AccessFixture
{
    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>(base.Settings) { ["BERTH_Lifecycle__Grace"] = "00:00:01" };
}

/// <summary>The page that walks from a disk that is filling to a rule with a schedule and back: what it says to type is typed.</summary>
public sealed class LifecyclePageTests(ShortGraceFixture fixture) : EndToEndTest<ShortGraceFixture>(fixture)
{
    [Fact]
    public async Task Each_command_of_the_page_on_lifecycle_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash"]) Tool.Require(tool);
        for (var i = 1; i <= 5; i++) await Client.PushImageAsync("team/app", $"build-{i}");
        await Client.PushImageAsync("team/app", "v1");
        await Client.PushImageAsync("hello/alpine", "latest");

        // Until the grace of what was just pushed is over.
        var pushed = TimeProvider.System.GetTimestamp();
        for (var i = 0; TimeProvider.System.GetElapsedTime(pushed) < TimeSpan.FromSeconds(1.2); i++) await Client.PushImageAsync("hello/other", $"{i}");
        var result = await GuidePage.RunAsync(Fixture, NewFolder("guide"), "user/lifecycle.md", new Dictionary<string, string>());
        Assert.Contains("Preview 1: 3 tags and 3 manifests would go", result.Output, StringComparison.Ordinal);
        Assert.Contains("Run 4 is done: 3 tags and 3 manifests, 6 of them done and 0 kept at the last moment.", result.Output, StringComparison.Ordinal);
        Assert.Contains("build-1\nbuild-2\nbuild-3\n", result.Output, StringComparison.Ordinal);
    }
}
