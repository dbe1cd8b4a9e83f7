using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>The pages that take an operator from one shared password that is good everywhere to an identity for everybody, from the addresses that are let in: what they say to type is typed.</summary>
public sealed class GuidePageTests(AccessFixture fixture) : EndToEndTest<AccessFixture>(fixture)
{
    [Fact]
    public async Task Each_command_of_the_page_on_giving_access_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "jq", "podman", "skopeo"]) Tool.Require(tool);
        await Client.PushImageAsync("hello/alpine", "latest");
        var result = await RunAsync("user/access.md", new()
        {
            ["ANNS_PASSWORD"] = "Ann's first passw0rd",
            ["PIPELINE_ISSUER"] = Fixture.Issuer.Name,
            ["PIPELINE_SUBJECT"] = TestIssuer.Subject,
            ["PIPELINE_TOKEN"] = Fixture.Issuer.Token(),
            ["CLUSTER_ISSUER"] = Fixture.Issuer.Name,
            ["CLUSTER_TOKEN"] = Fixture.Issuer.Token("system:serviceaccount:team:default"),
        });
        Assert.Contains("ann@example.test", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_command_of_the_page_on_the_client_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "jq"]) Tool.Require(tool);
        await Client.PushImageAsync("hello/alpine", "3");
        var result = await RunAsync("user/client.md", []);
        string[] output = [$"{Fixture.RegistryName}\n", "- '3'\n", "the manifest sha256:", "catalog\tok\n", "CONNECTIVITY_SSL_ERROR", "CONNECTIVITY_CHALLENGE_ERROR"];
        foreach (var said in output) Assert.Contains(said, result.Output, StringComparison.Ordinal);
        Assert.Matches(@"berth: GET https://\S+/registries/local -> 200 in \d+ ms \(request \S+\)\n", result.Errors);
        Assert.Matches(@"berth: GET https://\S+/registries/local\?api-version=\S+ -> 200 in", result.Errors);
    }

    [Fact]
    public async Task Each_command_of_the_page_on_write_once_tags_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "curl"]) Tool.Require(tool);
        await Client.PushImageAsync("hello/alpine", "3");
        await Client.PushImageAsync("hello/alpine", "edge");
        var result = await RunAsync("user/write-once-tags.md", []);
        Assert.Contains("is write-once by the rule 'releases' and names sha256:", result.Output + result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_command_of_the_page_on_quarantine_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "curl", "jq"]) Tool.Require(tool);
        await Client.PushImageAsync("hello/alpine", "3");
        var result = await RunAsync("user/quarantine.md", []);
        Assert.Contains("Reason: CVE-2026-0001 in libx", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_command_of_the_page_on_usage_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "curl", "sha256sum"]) Tool.Require(tool);
        foreach (var tag in (string[])["v1", "v2"]) await Client.PushImageAsync("team/app", tag);
        var result = await RunAsync("user/usage.md", []);
        foreach (var said in (string[])["\"limit\": 21474836480", "\"freedBytes\":", "Team A"]) Assert.Contains(said, result.Output, StringComparison.Ordinal);
        Assert.Contains("is 100 bytes: ", result.Output + result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_command_of_the_page_on_the_Azure_CLI_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "az", "getent"]) Tool.Require(tool);
        await Client.PushImageAsync("hello/alpine", "latest");
        var result = await RunAsync("user/azure-cli.md", new() { ["AZURE_CONFIG_DIR"] = NewFolder("azure"), ["AZURE_CORE_COLLECT_TELEMETRY"] = "0" });
        foreach (var said in (string[])["local.berth.localhost", "hello/alpine", "sandbox"]) Assert.Contains(said, result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("do not resolve", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_command_of_the_page_on_keeping_registries_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "az", "getent"]) Tool.Require(tool);
        var result = await RunAsync("user/registries.md", new() { ["AZURE_CONFIG_DIR"] = NewFolder("azure"), ["AZURE_CORE_COLLECT_TELEMETRY"] = "0" });
        foreach (var said in (string[])["CanNotDelete", "sandbox.berth.localhost", "Standard"]) Assert.Contains(said, result.Output, StringComparison.Ordinal);
        foreach (var said in (string[])["ScopeLocked", "DeletedRegistryNotFound"]) Assert.Contains(said, result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_command_of_the_page_on_workloads_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "jq"]) Tool.Require(tool);
        var kubectl = await KubectlBinary.RequireAsync();
        var digest = (await Client.PushImageAsync("shop/web", "1")).Digest;
        await using var cluster = new RecordedCluster(() => RecordedCluster.Pods($"{Fixture.RegistryName}/shop/web", digest));
        var variables = KubectlBinary.Environment(NewFolder("kubectl"), cluster);
        variables["PATH"] = $"{Path.GetDirectoryName(kubectl)}:{Environment.GetEnvironmentVariable("PATH")}";
        var result = await RunAsync("user/workloads.md", variables);
        Assert.Contains($"shop/web\t{digest}", result.Output, StringComparison.Ordinal);
        Assert.Contains("in use by the workload", result.Errors, StringComparison.Ordinal);
    }

    private Task<ToolResult> RunAsync(string page, Dictionary<string, string> variables) => GuidePage.RunAsync(Fixture, NewFolder("guide"), page, variables);
}
