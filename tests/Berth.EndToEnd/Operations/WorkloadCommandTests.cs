using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>The client's commands on what runs, fed by what real programs print.</summary>
public sealed class WorkloadCommandTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private readonly string _workload = Content.Name();
    private BerthClient _client = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _client = new BerthClient(Fixture, NewFolder("client"));
        await _client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
    }

    [Fact]
    public async Task What_kubectl_prints_of_a_cluster_s_pods_is_kept_until_the_report_is_ended()
    {
        var kubectl = await KubectlBinary.RequireAsync();
        var digest = (await Client.PushImageAsync(Repo, "1")).Digest;
        await using var cluster = new RecordedCluster(() => RecordedCluster.Pods($"{_client.Host}/{Repo}", digest));
        var folder = NewFolder("kubectl");
        var pods = (await Tool.RunAsync(kubectl, ["get", "pods", "--all-namespaces", "-o", "json"], folder, KubectlBinary.Environment(folder, cluster))).Succeeded().Output;

        var reported = await _client.RunWithInputAsync(
            pods, "workloads", "report", "-r", "local", "-n", _workload, "--host", _client.Host, "--cluster", "prod", "--namespace", "all", "--owner", "platform", "--ttl", "PT6H");

        // The pod that waits for its image has no digest yet, which is said.
        var made = JsonDocument.Parse(reported.Succeeded().Output).RootElement;
        Assert.Equal((1, "live", "prod", "platform"), (made.GetProperty("digestCount").GetInt32(), Text(made, "state"), Text(made, "cluster"), Text(made, "owner")));
        Assert.Contains($"{_client.Host}/{Repo}:next", reported.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("coredns", reported.Errors, StringComparison.Ordinal);
        var image = Assert.Single((await JsonAsync("workloads", "show", "-r", "local", "-n", _workload)).GetProperty("images").EnumerateArray());
        Assert.Equal((Repo, digest), (Text(image, "repository"), Text(image, "digest")));
        Assert.Equal($"{_workload}\n", await TextAsync("workloads", "list", "-r", "local", "--digest", digest, "--query", "[].name", "-o", "tsv"));

        var refused = await _client.RunAsync("acr", "repository", "delete", "-n", "local", "--image", $"{Repo}@{digest}", "--yes");
        Assert.Equal(1, refused.Status);
        Assert.Contains($"in use by the workload '{_workload}' (cluster 'prod', namespace 'all')", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(1, (await _client.RunAsync("acr", "repository", "delete", "-n", "local", "--repository", Repo, "--yes")).Status);
        Assert.Equal(2, (await _client.RunWithInputAsync("", "workloads", "delete", "-r", "local", "-n", _workload)).Status);
        await TextAsync("workloads", "delete", "-r", "local", "-n", _workload, "--yes");
        Assert.Equal(1, (await _client.RunAsync("workloads", "show", "-r", "local", "-n", _workload)).Status);
        await TextAsync("acr", "repository", "delete", "-n", "local", "--image", $"{Repo}@{digest}", "--yes");
    }

    [Fact]
    public async Task What_podman_prints_of_its_containers_is_kept()
    {
        var layout = ImageLayout.Small(NewFolder("layout"), Repo);
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--dest-tls-verify=false", layout.Reference, $"docker://{Host}/{Repo}:1")).Succeeded();
        (await PodmanAsync("create", "--pull", "always", "--tls-verify=false", $"{Host}/{Repo}:1", "/none")).Succeeded();
        var containers = (await PodmanAsync("ps", "--all", "--format", "json")).Succeeded().Output;
        var images = (await PodmanAsync("images", "--format", "json")).Succeeded().Output;

        string[] report = ["workloads", "report", "-r", "local", "-n", _workload, "--from", "podman", "--host", Host];
        (await _client.RunWithInputAsync(containers + images, report)).Succeeded();

        var shown = (await JsonAsync("workloads", "show", "-r", "local", "-n", _workload)).GetProperty("images").EnumerateArray().Select(image => (Text(image, "repository"), Text(image, "digest")));
        Assert.Contains((Repo, await ServedDigestAsync(Repo, "1")), shown);

        // podman's containers alone do not say which digest they run: the report before stands.
        var refused = await _client.RunWithInputAsync(containers, report);
        Assert.Equal(1, refused.Status);
        Assert.Contains("not protected", refused.Errors, StringComparison.Ordinal);
        Assert.NotEqual(0, (await JsonAsync("workloads", "show", "-r", "local", "-n", _workload)).GetProperty("digestCount").GetInt32());
    }

    [Fact]
    public async Task Nothing_is_reported_by_accident()
    {
        var digest = Content.Digest(Content.Utf8(Repo));
        string[] report = ["workloads", "report", "-r", "local", "-n", _workload, "--from", "digests"];
        (await _client.RunWithInputAsync($"{digest}\nother.example/app@{digest}\n", report)).Succeeded();

        foreach (var (input, reason) in new[] { ("", "is empty"), ("# nothing\n", "--allow-empty"), ($"other.example/app@{digest}\n", "--any-host"), ("team/app:1\n", "neither a digest") })
        {
            var refused = await _client.RunWithInputAsync(input, report);
            Assert.Equal(1, refused.Status);
            Assert.Contains(reason, refused.Errors, StringComparison.Ordinal);
        }

        Assert.Equal(1, await CountAsync());
        (await _client.RunWithInputAsync("# nothing\n", [.. report, "--allow-empty"])).Succeeded();
        Assert.Equal(0, await CountAsync());
        var file = Path.Combine(NewFolder("list"), "digests");
        await File.WriteAllTextAsync(file, $"other.example/app@{digest}\n");
        await TextAsync([.. report, "--any-host", "--file", file]);
        Assert.Equal(JsonValueKind.Null, (await JsonAsync("workloads", "show", "-r", "local", "-n", _workload)).GetProperty("images")[0].GetProperty("repository").ValueKind);
        Assert.Equal(1, (await _client.RunAsync([.. report, "--file", file + ".none"])).Status);
        Assert.Equal(1, (await _client.RunAsync([.. report, "--any-host", "--file", file, "--ttl", "PT1S"])).Status);

        async Task<int> CountAsync() => (await JsonAsync("workloads", "show", "-r", "local", "-n", _workload)).GetProperty("digestCount").GetInt32();
    }

    private static string Text(JsonElement value, string name) => value.GetProperty(name).GetString()!;

    private async Task<string> TextAsync(params string[] arguments) => (await _client.RunAsync(arguments)).Succeeded().Output;

    private async Task<JsonElement> JsonAsync(params string[] arguments) => JsonDocument.Parse(await TextAsync(arguments)).RootElement;

    private Task<ToolResult> PodmanAsync(params string[] arguments) => Fixture.RunAsync(
        "podman",
        [
            "--root", Path.Combine(Fixture.Folder, "storage"), "--runroot", Path.Combine(Fixture.Folder, "run"), "--storage-driver", "vfs",
            "--cgroup-manager", "cgroupfs", "--runtime", Tool.Require("runc"), .. arguments,
        ]);
}
