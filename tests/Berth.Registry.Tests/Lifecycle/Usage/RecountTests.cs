using System.Net;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Lifecycle.Usage;

/// <summary>Figures that something made wrong: a recount names them, and a repair puts them right.</summary>
public sealed class RecountTests
{
    [Theory]
    [InlineData("UPDATE usage SET bytes = bytes + 5 WHERE registry_id <> 0 AND repository_id <> 0", "local/team/app", "local/team/other")]
    [InlineData("UPDATE usage SET blobs = 7, tags = 3 WHERE registry_id <> 0 AND repository_id = 0", "local")]
    [InlineData("UPDATE usage SET manifests = 9 WHERE registry_id = 0", "the installation")]
    [InlineData("UPDATE usage SET unique_bytes = unique_bytes - 1, reserved = 4 WHERE repository_id = (SELECT id FROM repositories WHERE name = 'team/app')", "local/team/app")]
    [InlineData("UPDATE registry_blobs SET repositories = 1, repository_sum = (SELECT id FROM repositories WHERE name = 'team/app'); UPDATE usage SET unique_bytes = 1234 WHERE repository_id <> 0", "local/team/app", "local/team/other")]
    [InlineData("DELETE FROM usage", "local", "local/team/app", "local/team/other", "the installation")]
    public async Task Each_wrong_figure_is_named_and_right_after_a_repair(string harm, params string[] places)
    {
        await using var host = await RegistryHost.StartAsync();
        var blob = new byte[1_000];
        await UsageCallsTests.PushAsync(host, "team/app", RegistryClientExtensions.Image(blob), blob);
        await UsageCallsTests.PushAsync(host, "team/other", RegistryClientExtensions.Image(blob), blob);
        var before = await host.Metadata.ReadUsageAsync(1, CancellationToken.None);
        await host.TamperAsync(harm);

        var wrong = await host.Metadata.RecountUsageAsync(repair: false, CancellationToken.None);

        Assert.Equal(places, wrong.Select(one => one.Place).Order(StringComparer.Ordinal));
        Assert.Equal(places, (await host.Metadata.RecountUsageAsync(repair: true, CancellationToken.None)).Select(one => one.Place).Order(StringComparer.Ordinal));
        Assert.Empty(await host.Metadata.RecountUsageAsync(repair: false, CancellationToken.None));
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
        Assert.Equal(before, await host.Metadata.ReadUsageAsync(1, CancellationToken.None));
    }

    [Fact]
    public async Task A_verification_names_wrong_figures_and_repairs_them_when_asked_to()
    {
        await using var host = await RegistryHost.StartAsync();
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", new byte[1_000]));
        await host.Metadata.ReadUsageAsync(1, CancellationToken.None); // Many nodes add up what changed when it is asked for.
        await host.TamperAsync("UPDATE usage SET bytes = 7 WHERE repository_id <> 0");
        List<Finding> findings = [];
        var verification = new StorageVerification(host.Metadata, host.Blobs);

        Assert.False((await RunAsync(VerificationMode.DryRun)).IsSound);
        Assert.Contains("storage recount", Assert.Single(findings).Sentence, StringComparison.Ordinal);
        findings.Clear();

        Assert.True((await RunAsync(VerificationMode.Repair)).IsSound);
        var repaired = Assert.Single(findings);
        Assert.Equal((FindingKind.Repaired, "local/team/app"), (repaired.Kind, repaired.What));
        Assert.Contains("was said to hold 7 bytes, 1 blobs", repaired.Sentence, StringComparison.Ordinal);
        Assert.Contains("holds 1000 bytes", repaired.Sentence, StringComparison.Ordinal);
        findings.Clear();
        Assert.True((await RunAsync(VerificationMode.DryRun)).IsSound);
        Assert.Empty(findings);

        Task<VerificationResult> RunAsync(VerificationMode mode) =>
            verification.RunAsync(mode, findings.Add, _ => new Progress<(long, long)>(), CancellationToken.None);
    }
}
