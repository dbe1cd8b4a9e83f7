using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Deploy;

/// <summary>Berth as a container image that Berth itself serves; what docs/user/container.md tells people to do.</summary>
public sealed class ContainerImageTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    /// <summary>Far above what it takes on two cores of its own, so that a busy machine is no failure.</summary>
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(15);

    /// <summary>Host networking and the limits are for machines that allow containers little; all else that is passed is what the page says.</summary>
    private static readonly string[] Run = ["run", "--network", "host", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];

    private readonly string _password = $"secret-{Content.Name()}";

    [Fact]
    public async Task The_image_is_published_on_a_base_of_debian_packages_pulled_and_run()
    {
        foreach (var tool in (string[])["apt-get", "dpkg-deb", "skopeo", "podman", "runc", "dotnet"]) Tool.Require(tool);

        await BuildBaseAsync($"{Repo}/base:1");
        await PublishAsync($"{Repo}/base:1", $"{Repo}:1");
        var image = $"{Host}/{Repo}:1";
        (await PodmanAsync("pull", "-q", "--tls-verify=false", image)).Succeeded();

        string http = FreeAddress(), https = FreeAddress();
        var settings = Path.Combine(Fixture.Folder, "berth.env");
        await File.WriteAllTextAsync(settings, $"BERTH_OWNER_PASSWORD={_password}\nBERTH_Https__Listen={https}\n");
        try
        {
            (await PodmanAsync(
                [.. Run, "-d", "--name", "berth", "--read-only", "--cap-drop", "all", "-v", "berth:/data", "--env-file", settings, image, "--http", http])).Succeeded();
            await WaitUntilReadyAsync(http);
            await PushAndPullAsync(https);
            (await PodmanAsync("stop", "-t", "40", "berth")).Succeeded();
            var state = (await PodmanAsync("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", "berth")).Succeeded();
            Assert.Equal("exited 0", state.Output.Trim());
            var verify = (await PodmanAsync([.. Run, "--rm", "-v", "berth:/data", "--entrypoint", "/app/berth-server", image, "storage", "verify", "--data", "/data"])).Succeeded();
            Assert.Contains("1 manifests verified: 0 damaged", verify.Output, StringComparison.Ordinal);
        }
        finally
        {
            (await PodmanAsync("rm", "-f", "-t", "40", "-i", "berth")).Succeeded();
        }
    }

    private async Task BuildBaseAsync(string reference)
    {
        var environment = new Dictionary<string, string> { ["REGISTRY_AUTH_FILE"] = Fixture.AuthFile };
        (await RunAsync("container/base", environment, "--plain-http", $"{Host}/{reference}")).Succeeded();
    }

    /// <summary>Over TLS; the base above went over plain HTTP. It runs in the person's own home, where the packages are.</summary>
    private async Task PublishAsync(string baseReference, string reference)
    {
        var host = $"localhost:{Fixture.Server.Https.Split(':')[1]}";
        var environment = new Dictionary<string, string>
        {
            ["DOTNET_CONTAINER_REGISTRY_UNAME"] = Fixture.Endpoint.User,
            ["DOTNET_CONTAINER_REGISTRY_PWORD"] = Fixture.Endpoint.Password,
            ["SSL_CERT_FILE"] = Path.Combine(Fixture.Server.Data, "tls", "ca.pem"),
        };
        (await RunAsync("container/publish", environment, "--base", $"{host}/{baseReference}", $"{host}/{reference}")).Succeeded();
    }

    /// <summary>An image goes into the container's registry and comes back whole, over TLS by the authority that the container made.</summary>
    private async Task PushAndPullAsync(string address)
    {
        var certificates = NewFolder("certificates");
        var authority = (await PodmanAsync("exec", "berth", "cat", "/data/tls/ca.pem")).Succeeded();
        await File.WriteAllTextAsync(Path.Combine(certificates, "ca.crt"), authority.Output);
        var pushed = ImageLayout.Small(NewFolder("layout"));
        var pulled = NewFolder("pulled");
        var (target, credentials) = ($"docker://{address}/demo:1", $"owner:{_password}");
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--preserve-digests", "--dest-cert-dir", certificates, "--dest-creds", credentials, pushed.Reference, target)).Succeeded();
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--preserve-digests", "--src-cert-dir", certificates, "--src-creds", credentials, target, $"oci:{pulled}:x")).Succeeded();
        pushed.ExpectSame(pulled);
    }

    private async Task WaitUntilReadyAsync(string address)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
        for (var tries = 0; tries < 240; tries++)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri($"http://{address}/healthz/ready"));
                if (answer.StatusCode == HttpStatusCode.OK) return;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                // Not listening yet; asked again until the limit.
            }

            await Task.Delay(250);
        }

        var logs = await PodmanAsync("logs", "berth");
        Assert.Fail($"The container was not ready in a minute:\n{logs}");
    }

    private static string FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }

    private static Task<ToolResult> RunAsync(string script, Dictionary<string, string> environment, params string[] arguments) =>
        Tool.RunAsync(Path.Combine(Repository.Root, "deploy", script), arguments, Repository.Root, environment, limit: BuildLimit);

    private Task<ToolResult> PodmanAsync(params string[] arguments) => Fixture.RunAsync(
        "podman",
        [
            "--root", Path.Combine(Fixture.Folder, "storage"), "--runroot", Path.Combine(Fixture.Folder, "run"), "--storage-driver", "vfs",
            "--cgroup-manager", "cgroupfs", "--runtime", Tool.Require("runc"), .. arguments,
        ]);
}
