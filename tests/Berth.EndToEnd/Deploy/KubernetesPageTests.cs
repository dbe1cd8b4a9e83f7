using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Berth.EndToEnd.Access;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Deploy;

/// <summary>The chart in use: kept in Berth itself as the page says, and its settings given to the real server.</summary>
public sealed class KubernetesPageTests(AccessFixture fixture) : EndToEndTest<AccessFixture>(fixture)
{
    [Fact]
    public async Task Each_helm_command_of_the_page_on_Kubernetes_does_what_the_page_says()
    {
        foreach (var tool in (string[])["bash", "cmp"]) Tool.Require(tool);
        var helm = await HelmBinary.RequireAsync();
        var folder = NewFolder("guide");
        Directory.CreateSymbolicLink(Path.Combine(folder, "deploy"), Path.Combine(Repository.Root, "deploy"));
        var result = await GuidePage.RunAsync(Fixture, folder, "user/install-kubernetes.md", new Dictionary<string, string>
        {
            ["PATH"] = $"{Path.GetDirectoryName(helm)}:{Environment.GetEnvironmentVariable("PATH")}",
            ["HELM_REGISTRY_CONFIG"] = Path.Combine(folder, "helm.json"),
        });

        Assert.Contains("1 chart(s) linted, 0 chart(s) failed", result.Output, StringComparison.Ordinal);
        Assert.Contains("kind: StatefulSet", result.Output, StringComparison.Ordinal);
        Assert.Contains("kind: Deployment", result.Output, StringComparison.Ordinal);
        var served = await ServedDigestAsync("charts/berth", "0.1.0");
        Assert.Contains(served, result.Output + result.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("selfmade")]
    [InlineData("secret")]
    [InlineData("ingress")]
    public async Task The_server_starts_with_the_settings_of_the_chart_and_answers_its_probes(string variant)
    {
        var objects = await new HelmChart(NewFolder("chart")).ObjectsAsync(variant);
        var files = NewFolder("files");
        WriteCertificate(Path.Combine(files, "tls.crt"), Path.Combine(files, "tls.key"));
        var settings = HelmChart.Variables(objects)
            .ToDictionary(one => one.Key, one => one.Value.Replace("/tls/", files + "/", StringComparison.Ordinal).Replace("/trusted/ca.pem", Path.Combine(files, "tls.crt"), StringComparison.Ordinal));
        await using var server = new ServerProcess(BuiltProgram.Server!, $"chart-{variant}", settings);
        await server.StartAsync(TimeSpan.FromSeconds(60));

        using var http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            // The kubelet looks at no certificate either.
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        });
        foreach (var name in (string[])["startupProbe", "livenessProbe", "readinessProbe"])
        {
            var probe = HelmChart.Container(objects).GetProperty(name).GetProperty("httpGet");
            var address = Text(probe, "scheme") == "HTTP" ? server.Endpoint.Authority : server.Https;
            Assert.Equal(Text(HelmChart.Container(objects).GetProperty("ports")[0], "name"), Text(probe, "port"));
            using var answer = await http.GetAsync(new Uri($"{Text(probe, "scheme").ToLowerInvariant()}://{address}{Text(probe, "path")}"));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        // In the names that it gives out, the port is the one that clients see.
        using var description = JsonDocument.Parse(await http.GetStringAsync(new Uri(server.Endpoint.Address, "/.well-known/berth")));
        Assert.Equal("https://login.berth.example.org", Text(description.RootElement, "loginEndpoint").TrimEnd('/'));
        Assert.DoesNotContain("There is no setting", await File.ReadAllTextAsync(server.Log), StringComparison.Ordinal);
        Assert.Equal(0, await server.StopAsync(TimeSpan.FromSeconds(40)));
    }

    private static string Text(JsonElement value, string name) => value.GetProperty(name).GetString()!;

    private static void WriteCertificate(string certificate, string key)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=berth.example.org", pair, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in (string[])["berth.example.org", "*.berth.example.org"]) names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        File.WriteAllText(certificate, made.ExportCertificatePem());
        File.WriteAllText(key, pair.ExportPkcs8PrivateKeyPem());
    }
}
