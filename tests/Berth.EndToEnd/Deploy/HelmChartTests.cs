using System.Text.Json;
using System.Xml.Linq;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Deploy;

/// <summary>The chart, rendered by the real helm and read by the real kubectl.</summary>
public sealed class HelmChartTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("berth-chart-");
    private readonly HelmChart _chart;

    /// <summary>A folder for what is rendered.</summary>
    public HelmChartTests() => _chart = new HelmChart(_folder.FullName);

    /// <summary>The sets of values that stand beside the chart.</summary>
    public static TheoryData<string> Variants => [.. HelmChart.Variants];

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Helm_finds_no_fault_and_kubectl_knows_every_field(string variant)
    {
        (await _chart.RunAsync("lint", "--strict", HelmChart.Source, "--values", HelmChart.Values(variant))).Succeeded();

        var objects = await _chart.ObjectsAsync(variant);
        Assert.Superset(new HashSet<string> { HelmChart.Workload(objects).GetProperty("kind").GetString()!, "Service", "ServiceAccount", "NetworkPolicy" }, objects.Keys.ToHashSet());
        await ExpectKnownAsync(HelmChart.Workload(objects), "set", "env", "--local", "CHECKED=yes");
        await ExpectKnownAsync(objects["Service"], "set", "selector", "--local", "checked=yes");
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task The_pod_runs_shut_in(string variant)
    {
        var objects = await _chart.ObjectsAsync(variant);
        var (pod, container) = (HelmChart.Pod(objects), HelmChart.Container(objects));
        Assert.Equal(
            """{"fsGroup":1654,"fsGroupChangePolicy":"OnRootMismatch","runAsGroup":1654,"runAsNonRoot":true,"runAsUser":1654,"seccompProfile":{"type":"RuntimeDefault"}}""",
            JsonSerializer.Serialize(pod.GetProperty("securityContext")));
        Assert.Equal(
            """{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true}""", JsonSerializer.Serialize(container.GetProperty("securityContext")));
        Assert.False(pod.GetProperty("automountServiceAccountToken").GetBoolean());
        Assert.False(pod.TryGetProperty("hostNetwork", out _) || pod.TryGetProperty("hostPID", out _));
        Assert.All(pod.GetProperty("volumes").EnumerateArray(), volume => Assert.False(volume.TryGetProperty("hostPath", out _)));

        var policy = objects["NetworkPolicy"].GetProperty("spec");
        Assert.Equal("""["Ingress","Egress"]""", JsonSerializer.Serialize(policy.GetProperty("policyTypes")));
        var port = Assert.Single(Assert.Single(policy.GetProperty("ingress").EnumerateArray()).GetProperty("ports").EnumerateArray()).GetProperty("port").GetString();
        Assert.Equal(container.GetProperty("ports")[0].GetProperty("name").GetString(), port);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Every_setting_that_it_makes_is_one_that_there_is(string variant)
    {
        var reference = HelmChart.Reference();
        Assert.Contains("Shutdown:DrainTimeout", reference);
        foreach (var name in HelmChart.Variables(await _chart.ObjectsAsync(variant)).Keys.Where(name => name != "BERTH_OWNER_PASSWORD"))
            Assert.Contains(name["BERTH_".Length..].Replace("__", ":", StringComparison.Ordinal), reference);
    }

    [Fact]
    public async Task The_pod_is_given_the_time_that_the_drain_takes()
    {
        Assert.Equal(HelmChart.Reference()["Shutdown:DrainTimeout"], HelmChart.Variables(await _chart.ObjectsAsync("selfmade"))["BERTH_Shutdown__DrainTimeout"]);

        var objects = await _chart.ObjectsAsync("selfmade", "--set", "drain.seconds=600,drain.preStopSeconds=20");
        Assert.Equal("600s", HelmChart.Variables(objects)["BERTH_Shutdown__DrainTimeout"]);
        Assert.Equal(20 + 600 + 15, HelmChart.Pod(objects).GetProperty("terminationGracePeriodSeconds").GetInt32());
        Assert.Equal("""{"sleep":{"seconds":20}}""", JsonSerializer.Serialize(HelmChart.Container(objects).GetProperty("lifecycle").GetProperty("preStop")));
    }

    [Fact]
    public async Task A_cluster_keeps_nothing_in_its_pods_and_is_replaced_one_by_one()
    {
        var objects = await _chart.ObjectsAsync("cluster");
        var specification = HelmChart.Workload(objects).GetProperty("spec");
        Assert.Equal(3, specification.GetProperty("replicas").GetInt32());
        Assert.Equal("""{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0},"type":"RollingUpdate"}""", JsonSerializer.Serialize(specification.GetProperty("strategy")));
        Assert.Equal(1, objects["PodDisruptionBudget"].GetProperty("spec").GetProperty("maxUnavailable").GetInt32());

        var pod = HelmChart.Pod(objects);
        Assert.DoesNotContain(pod.GetProperty("volumes").EnumerateArray(), volume => volume.TryGetProperty("persistentVolumeClaim", out _));
        Assert.Equal(["topology.kubernetes.io/zone", "kubernetes.io/hostname"], pod.GetProperty("topologySpreadConstraints").EnumerateArray().Select(one => one.GetProperty("topologyKey").GetString()));

        // It says itself that it is about to end, and takes requests meanwhile.
        Assert.Equal("10s", HelmChart.Variables(objects)["BERTH_Shutdown__Delay"]);
        Assert.False(HelmChart.Container(objects).TryGetProperty("lifecycle", out _));
        Assert.Equal(10 + 60 + 15, pod.GetProperty("terminationGracePeriodSeconds").GetInt32());
        Assert.Equal("berth-database/connectionString", HelmChart.Variables(objects)["BERTH_Metadata__ConnectionString"]);
        Assert.Equal("berth-store/secretKey", HelmChart.Variables(objects)["BERTH_Storage__S3__SecretKey"]);

        Assert.DoesNotContain("PodDisruptionBudget", await _chart.ObjectsAsync("cluster", "--set", "replicas=1"));
    }

    [Theory]
    [InlineData("selfmade", "", 0)]
    [InlineData("selfmade", "podDisruptionBudget.maxUnavailable=1", 1)]
    [InlineData("clusterazure", "", 1)]
    [InlineData("clusterazure", "podDisruptionBudget.maxUnavailable=0", 0)]
    [InlineData("cluster", "podDisruptionBudget.maxUnavailable=2", 2)]
    public async Task A_drain_waits_for_the_one_pod_and_takes_those_of_a_cluster_one_by_one(string variant, string value, int most)
    {
        string[] arguments = value.Length > 0 ? ["--set", value] : [];
        var objects = await _chart.ObjectsAsync(variant, arguments);
        Assert.Equal(most, objects["PodDisruptionBudget"].GetProperty("spec").GetProperty("maxUnavailable").GetInt32());
    }

    [Theory]
    [InlineData("serviceMonitor.interval=30s", "berth.example.org")]
    [InlineData("serviceMonitor.tlsConfig.serverName=registry.example.org", "registry.example.org")]
    public async Task Metrics_are_asked_for_by_a_name_that_the_certificate_has(string value, string name)
    {
        var monitor = (await _chart.ObjectsAsync("certmanager", "--set", value))["ServiceMonitor"];
        var tls = Assert.Single(monitor.GetProperty("spec").GetProperty("endpoints").EnumerateArray()).GetProperty("tlsConfig");
        Assert.Equal(name, tls.GetProperty("serverName").GetString());
        Assert.Equal("ca.crt", tls.GetProperty("ca").GetProperty("secret").GetProperty("key").GetString());
    }

    [Fact]
    public async Task Numbers_and_secrets_reach_the_server_as_they_were_given()
    {
        var numbers = HelmChart.Variables(await _chart.ObjectsAsync("selfmade"));
        Assert.Equal(("16777216", "0.25", "true"), (numbers["BERTH_Lifecycle__ScrubBytesPerSecond"], numbers["BERTH_Telemetry__Otlp__SampleRatio"], numbers["BERTH_Telemetry__Metrics"]));

        var objects = await _chart.ObjectsAsync("certmanager");
        Assert.Equal("berth-provider/secret", HelmChart.Variables(objects)["BERTH_Identity__Provider__ClientSecret"]);
        Assert.EndsWith("server@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", HelmChart.Container(objects).GetProperty("image").GetString(), StringComparison.Ordinal);
        var claim = HelmChart.Pod(objects).GetProperty("volumes").EnumerateArray().Single(volume => volume.GetProperty("name").GetString() == "data");
        Assert.Equal("berth-data", claim.GetProperty("persistentVolumeClaim").GetProperty("claimName").GetString());
        Assert.False(HelmChart.Workload(objects).GetProperty("spec").TryGetProperty("volumeClaimTemplates", out _));
    }

    [Fact]
    public async Task A_text_cannot_become_anything_but_a_text()
    {
        const string Hostile = "x\"\n            - name: BERTH_Http__AllowRemote\n              value: \"true\n---\nkind: Pod";
        var file = Path.Combine(_folder.FullName, "hostile.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new
        {
            settings = new Dictionary<string, string> { ["Identity:Provider:Name"] = Hostile },
            podAnnotations = new Dictionary<string, string> { ["note"] = Hostile },
        }));
        var objects = await _chart.ObjectsAsync("selfmade", "--values", file);
        Assert.Equal(Hostile, HelmChart.Variables(objects)["BERTH_Identity__Provider__Name"]);
        Assert.DoesNotContain("BERTH_Http__AllowRemote", HelmChart.Variables(objects));
        Assert.DoesNotContain("Pod", objects);
    }

    [Theory]
    [InlineData("selfmade", "domain=", "at '/domain'")]
    [InlineData("selfmade", "domain=Registry.example.org", "at '/domain'")]
    [InlineData("selfmade", "image.repository=", "at '/image/repository'")]
    [InlineData("selfmade", "image.tag=a b", "at '/image/tag'")]
    [InlineData("selfmade", "owner.existingSecret=", "at '/owner/existingSecret'")]
    [InlineData("selfmade", "owner.password=hunter2", "additional properties 'password' not allowed")]
    [InlineData("selfmade", "securityContext.runAsUser=0", "at '/securityContext/runAsUser': minimum: got 0, want 1")]
    [InlineData("selfmade", "securityContext.privileged=true", "additional properties 'privileged' not allowed")]
    [InlineData("selfmade", "tls.mode=none", "at '/tls/mode': value must be one of 'selfMade', 'secret', 'certManager', 'proxy'")]
    [InlineData("selfmade", "service.port=70000", "at '/service/port': maximum: got 70,000, want 65,535")]
    [InlineData("selfmade", "drain.seconds=-1", "at '/drain/seconds': minimum: got -1, want 0")]
    [InlineData("selfmade", "drain.seconds=30s", "at '/drain/seconds': got string, want integer")]
    [InlineData("selfmade", "settings.lifecycle=1", "invalid propertyName 'lifecycle'")]
    [InlineData("selfmade", "mode=many", "at '/mode': value must be one of 'single', 'cluster'")]
    [InlineData("selfmade", "database.existingSecret=berth-database", "mode 'single' excludes database.existingSecret")]
    [InlineData("selfmade", "settings.Storage:Kind=S3", "mode 'single' excludes settings.Storage:Kind S3")]
    [InlineData("selfmade", "settings.Metadata:Kind=Postgres", "The setting 'Metadata:Kind' is made from the chart's other values")]
    [InlineData("cluster", "replicas=0", "at '/replicas': minimum: got 0, want 1")]
    [InlineData("cluster", "database.existingSecret=", "mode 'cluster' needs database.existingSecret")]
    [InlineData("cluster", "settings.Storage:Kind=FileSystem", "mode 'cluster' needs settings.Storage:Kind S3 or AzureBlob, not 'FileSystem'")]
    [InlineData("cluster", "settings.Storage:Kind=", "mode 'cluster' needs settings.Storage:Kind S3 or AzureBlob, not 'FileSystem'")]
    [InlineData("cluster", "settings.Storage:S3:Bucket=", "mode 'cluster' with settings.Storage:Kind S3 needs settings.Storage:S3:Bucket")]
    [InlineData("clusterazure", "settings.Storage:AzureBlob:Endpoint=", "needs settings.Storage:AzureBlob:Endpoint")]
    [InlineData("clusterazure", "settings.Diagnostics:Target=", "needs settings.Diagnostics:Target Stdout")]
    [InlineData("cluster", "tls.mode=selfMade", "mode 'cluster' excludes tls.mode 'selfMade'")]
    [InlineData("cluster", "persistence.existingClaim=berth-data", "mode 'cluster' excludes persistence.existingClaim")]
    [InlineData("cluster", "networkPolicy.egress=null", "mode 'cluster' needs networkPolicy.egress")]
    [InlineData("cluster", "settings.Metadata:ConnectionString=hunter2", "The setting 'Metadata:ConnectionString' is made from the chart's other values")]
    [InlineData("cluster", "settings.Storage:S3:SecretKey=hunter2", "The setting 'Storage:S3:SecretKey' is")]
    [InlineData("cluster", "settings.Storage:AzureBlob:AccountKey=hunter2", "The setting 'Storage:AzureBlob:AccountKey' is a secret")]
    [InlineData("selfmade", "settings.Domain=other.example.org", "The setting 'Domain' is made from the chart's other values")]
    [InlineData("selfmade", "settings.Tls:Password=hunter2", "The setting 'Tls:Password' is a secret: give it by settingsFromSecrets.")]
    [InlineData("selfmade", "ingress.enabled=true", "ingress.enabled needs tls.mode 'proxy'")]
    [InlineData("ingress", "ingress.tlsSecretName=", "ingress.enabled needs ingress.tlsSecretName")]
    [InlineData("ingress", "service.type=LoadBalancer", "tls.mode 'proxy' excludes service.type 'LoadBalancer'")]
    [InlineData("ingress", "tls.trustedProxies=null", "tls.mode 'proxy' needs tls.trustedProxies")]
    [InlineData("secret", "tls.secretName=", "tls.mode 'secret' needs tls.secretName")]
    [InlineData("certmanager", "tls.issuerRef.name=", "tls.mode 'certManager' needs tls.issuerRef.name")]
    [InlineData("certmanager", "serviceMonitor.basicAuth.secretName=", "serviceMonitor.enabled needs serviceMonitor.basicAuth.secretName")]
    public async Task What_cannot_work_or_is_not_safe_is_refused_by_name(string variant, string value, string sentence)
    {
        var refused = await _chart.RenderAsync(variant, "--set", value);
        Assert.NotEqual(0, refused.Status);
        Assert.Contains(sentence, refused.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.Output + refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_chart_has_the_servers_version()
    {
        var version = XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props")).Descendants("Version").Single().Value;
        var chart = await File.ReadAllLinesAsync(Path.Combine(HelmChart.Source, "Chart.yaml"));
        Assert.Contains($"version: {version}", chart);
        Assert.Contains($"appVersion: {version}", chart);
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>kubectl reads some kinds into types of its own when it changes them: what is not in its types is not in what it prints.</summary>
    private async Task ExpectKnownAsync(JsonElement given, params string[] change)
    {
        var file = Path.Combine(_folder.FullName, $"{Content.Name()}.json");
        await File.WriteAllTextAsync(file, given.GetRawText());
        // A program of the distribution may be years older than the cluster.
        var kubectl = await LayerProgram.RequireAsync("kubectl");
        var changed = await Tool.RunAsync(kubectl, [.. change, "--filename", file, "--output", "json"], _folder.FullName, KubectlBinary.Environment(_folder.FullName, null));
        ExpectWithin(given, Assert.Single(KubectlBinary.Objects(changed.Succeeded().Output)), given.GetProperty("kind").GetString()!);
    }

    private static void ExpectWithin(JsonElement given, JsonElement known, string path)
    {
        if (path.EndsWith("/selector", StringComparison.Ordinal) && known.ValueKind == JsonValueKind.Object && known.TryGetProperty("checked", out _)) return;
        switch (given.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in given.EnumerateObject())
                {
                    Assert.True(known.TryGetProperty(property.Name, out var same), $"kubectl knows no {path}/{property.Name}.");
                    ExpectWithin(property.Value, same, $"{path}/{property.Name}");
                }

                return;
            case JsonValueKind.Array:
                foreach (var (index, item) in given.EnumerateArray().Index()) ExpectWithin(item, known[index], $"{path}/{index}");
                return;
            default:
                Assert.True(given.GetRawText() == known.GetRawText(), $"{path} is {given} and became {known}.");
                return;
        }
    }
}
