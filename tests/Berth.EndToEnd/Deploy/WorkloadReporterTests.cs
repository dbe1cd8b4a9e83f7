using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Deploy;

/// <summary>The reporter that Kubernetes runs: read by the real kubectl, its command run as it stands.</summary>
public sealed class WorkloadReporterTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private static readonly string Source = Path.Combine(Repository.Root, "deploy", "kubernetes", "workload-reporter.yaml");

    [Fact]
    public async Task It_may_see_pods_and_nothing_else_and_runs_shut_in()
    {
        var objects = await ReadAsync();
        Assert.Equal(["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "CronJob"], objects.Select(one => Text(one, "kind")));

        var rule = Assert.Single(objects[2].GetProperty("rules").EnumerateArray());
        Assert.Equal("""{"apiGroups":[""],"resources":["pods"],"verbs":["get","list"]}""", Canonical(rule));
        var binding = objects[3];
        Assert.Equal(("ClusterRole", Name(objects[2])), (Text(binding.GetProperty("roleRef"), "kind"), Text(binding.GetProperty("roleRef"), "name")));
        var subject = Assert.Single(binding.GetProperty("subjects").EnumerateArray());
        Assert.Equal(("ServiceAccount", Name(objects[1])), (Text(subject, "kind"), Text(subject, "name")));

        var job = objects[4].GetProperty("spec");
        Assert.Equal("Forbid", Text(job, "concurrencyPolicy"));
        var pod = PodOf(objects);
        Assert.Equal(Name(objects[1]), Text(pod, "serviceAccountName"));
        Assert.Equal("""{"fsGroup":1654,"runAsGroup":1654,"runAsNonRoot":true,"runAsUser":1654,"seccompProfile":{"type":"RuntimeDefault"}}""", Canonical(pod.GetProperty("securityContext")));
        var container = Assert.Single(pod.GetProperty("containers").EnumerateArray());
        Assert.Equal(
            """{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true}""", Canonical(container.GetProperty("securityContext")));
        foreach (var name in (string[])["BERTH_USERNAME", "BERTH_PASSWORD"])
        {
            var variable = container.GetProperty("env").EnumerateArray().Single(variable => Text(variable, "name") == name);
            Assert.Equal("workload-reporter", Text(variable.GetProperty("valueFrom").GetProperty("secretKeyRef"), "name"));
        }

        Assert.False(pod.TryGetProperty("hostNetwork", out _) || pod.TryGetProperty("hostPID", out _));
        Assert.All(pod.GetProperty("volumes").EnumerateArray(), volume => Assert.True(volume.TryGetProperty("emptyDir", out _)));
    }

    [Fact]
    public async Task Its_command_reports_what_the_pods_run()
    {
        var container = PodOf(await ReadAsync()).GetProperty("containers")[0];
        var client = new BerthClient(Fixture, NewFolder("client"));
        var digest = (await Client.PushImageAsync(Repo, "1")).Digest;
        var pods = RecordedCluster.Pods($"{client.Host}/{Repo}", digest);
        await using var cluster = new RecordedCluster(() => pods);
        var work = NewFolder("work");
        var environment = KubectlBinary.Environment(work, cluster);
        foreach (var variable in container.GetProperty("env").EnumerateArray().Where(variable => variable.TryGetProperty("value", out _))) environment[Text(variable, "name")] = Text(variable, "value");
        var programs = Directory.CreateDirectory(Path.Combine(work, "programs")).FullName;
        File.CreateSymbolicLink(Path.Combine(programs, "berth"), client.Program);
        File.CreateSymbolicLink(Path.Combine(programs, "kubectl"), await KubectlBinary.RequireAsync());
        var name = Content.Name();
        foreach (var (variable, value) in new[]
        {
            ("REGISTRY", client.Host), ("WORKLOAD", name), ("WORK", work), ("HOME", work), ("PATH", $"{programs}:{Environment.GetEnvironmentVariable("PATH")}"),
            ("SSL_CERT_FILE", client.Environment["SSL_CERT_FILE"]), ("BERTH_USERNAME", Fixture.Endpoint.User), ("BERTH_PASSWORD", Fixture.Endpoint.Password),
        })
            environment[variable] = value;

        (await RunAsync()).Succeeded();

        var reported = await Client.GetAsync($"/berth/v1/workloads/{name}");
        using var shown = JsonDocument.Parse(reported.Expect(200).Text);
        Assert.Equal(("cluster-1", "platform team"), (Text(shown.RootElement, "cluster"), Text(shown.RootElement, "owner")));
        Assert.Equal(digest, Text(Assert.Single(shown.RootElement.GetProperty("images").EnumerateArray()), "digest"));

        // A list that cannot be had is no report.
        pods = "{";
        Assert.NotEqual(0, (await RunAsync()).Status);
        Assert.Contains(digest, (await Client.GetAsync($"/berth/v1/workloads/{name}")).Text, StringComparison.Ordinal);

        Task<ToolResult> RunAsync()
        {
            var command = container.GetProperty("command").EnumerateArray().Concat(container.GetProperty("args").EnumerateArray()).Select(word => word.GetString()!).ToList();
            return Tool.RunAsync(command[0], command[1..], work, environment);
        }
    }

    [Fact]
    public async Task Its_image_is_built_from_the_Containerfile_and_has_what_the_command_needs_for_a_user_without_rights()
    {
        foreach (var tool in (string[])["buildah", "podman", "runc", "busybox"]) Tool.Require(tool);

        // The base is a shell alone: what deploy/container/base makes has one, too, and comes from a network.
        var work = NewFolder("base");
        Directory.CreateDirectory(Path.Combine(work, "bin"));
        File.Copy(Tool.Require("busybox"), Path.Combine(work, "bin", "busybox"));
        foreach (var name in (string[])["sh", "id", "ls"]) File.CreateSymbolicLink(Path.Combine(work, "bin", name), "busybox");
        await File.WriteAllTextAsync(Path.Combine(work, "Containerfile"), "FROM scratch\nCOPY bin /bin\nENV PATH=/usr/local/bin:/bin\n");
        var (shell, image) = ($"localhost/{Content.Name()}", $"localhost/{Content.Name()}");
        (await BuildAsync("-t", shell, work)).Succeeded();
        var context = NewFolder("context");
        File.Copy(Path.Combine(Path.GetDirectoryName(Source)!, "Containerfile"), Path.Combine(context, "Containerfile"));
        File.Copy(await KubectlBinary.RequireAsync(), Path.Combine(context, "kubectl"));
        await File.WriteAllTextAsync(Path.Combine(context, "berth"), "#!/bin/sh\necho \"berth $*\"\n");
        File.SetUnixFileMode(Path.Combine(context, "berth"), UnixFileMode.UserRead);

        (await BuildAsync("--build-arg", $"BASE={shell}", "-t", image, context)).Succeeded();

        var run = (await StorageAsync(
            "podman", "--cgroup-manager", "cgroupfs", "--runtime", Tool.Require("runc"), "run", "--rm", "--network", "host", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024",
            "--read-only", "--cap-drop", "all", "--pull", "never", image, "/bin/sh", "-ceu", "id -u; kubectl version --client; berth workloads report")).Succeeded();
        Assert.StartsWith("1654\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("Client Version", run.Output, StringComparison.Ordinal);
        Assert.Contains("berth workloads report", run.Output, StringComparison.Ordinal);

        // Without a base it says so, before anything is built.
        Assert.NotEqual(0, (await BuildAsync("-t", $"{image}-none", context)).Status);
    }

    private Task<ToolResult> BuildAsync(params string[] arguments) => StorageAsync("buildah", ["bud", "--isolation", "chroot", "--pull-never", .. arguments]);

    private Task<ToolResult> StorageAsync(string program, params string[] arguments) => Fixture.RunAsync(
        program, ["--root", Path.Combine(Fixture.Folder, "storage"), "--runroot", Path.Combine(Fixture.Folder, "run"), "--storage-driver", "vfs", .. arguments]);

    private Task<List<JsonElement>> ReadAsync() => KubectlBinary.ReadAsync(NewFolder("kubectl"), Source);

    private static JsonElement PodOf(List<JsonElement> objects) =>
        objects[^1].GetProperty("spec").GetProperty("jobTemplate").GetProperty("spec").GetProperty("template").GetProperty("spec");

    private static string Name(JsonElement value) => Text(value.GetProperty("metadata"), "name");

    private static string Text(JsonElement value, string name) => value.GetProperty(name).GetString()!;

    // kubectl prints properties in the order of their names.
    private static string Canonical(JsonElement value) => JsonSerializer.Serialize(value);
}
