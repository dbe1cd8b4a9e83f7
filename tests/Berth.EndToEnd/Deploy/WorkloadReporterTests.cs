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

    /// <summary>The objects of the file as the real kubectl reads them, without a cluster.</summary>
    private async Task<List<JsonElement>> ReadAsync()
    {
        var folder = NewFolder("kubectl");
        var read = await Tool.RunAsync(
            await KubectlBinary.RequireAsync(), ["label", "--local", "--filename", Source, "--output", "json", "checked=yes"], folder, KubectlBinary.Environment(folder, null));
        var objects = new List<JsonElement>();
        var reader = new Utf8JsonReader(Content.Utf8(read.Succeeded().Output), new JsonReaderOptions { AllowMultipleValues = true });
        while (reader.Read())
        {
            using var document = JsonDocument.ParseValue(ref reader);
            objects.Add(document.RootElement.Clone());
        }

        return objects;
    }

    private static JsonElement PodOf(List<JsonElement> objects) =>
        objects[^1].GetProperty("spec").GetProperty("jobTemplate").GetProperty("spec").GetProperty("template").GetProperty("spec");

    private static string Name(JsonElement value) => Text(value.GetProperty("metadata"), "name");

    private static string Text(JsonElement value, string name) => value.GetProperty(name).GetString()!;

    // kubectl prints properties in the order of their names.
    private static string Canonical(JsonElement value) => JsonSerializer.Serialize(value);
}
