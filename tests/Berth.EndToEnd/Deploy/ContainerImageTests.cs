using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Deploy;

/// <summary>Berth as a container image that Berth itself serves; what docs/user/container.md tells people to do.</summary>
[Collection(BundleTests.Builds)]
public sealed class ContainerImageTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    /// <summary>Far above what it takes on two cores of its own, so that a busy machine is no failure.</summary>
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(15);

    /// <summary>Host networking and the limits are for machines that allow containers little; all else that is passed is what the page says.</summary>
    private static readonly string[] Run = ["run", "--network", "host", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];

    // A network of its own becomes that of the host, where machines allow containers no other; all else that podman-compose says stays.
    private const string HostPodman = """
        #!/bin/sh
        left=$#
        while [ $left -gt 0 ]; do
          word=$1; shift; left=$((left - 1))
          case $word in
            --net) shift; left=$((left - 1)); set -- "$@" --network host ;;
            --network-alias | -p) shift; left=$((left - 1)) ;;
            *) set -- "$@" "$word" ;;
          esac
        done
        exec PODMAN "$@"
        """;

    /// <summary>Images and containers of the test's own.</summary>
    private string[] Storage =>
    [
        "--root", Path.Combine(Fixture.Folder, "storage"), "--runroot", Path.Combine(Fixture.Folder, "run"), "--storage-driver", "vfs",
        "--cgroup-manager", "cgroupfs", "--runtime", Tool.Require("runc"),
    ];

    private readonly string _password = $"secret-{Content.Name()}";

    [Fact]
    public async Task The_image_is_published_on_a_base_of_debian_packages_pulled_and_run()
    {
        foreach (var tool in (string[])["apt-get", "dpkg-deb", "skopeo", "podman", "runc", "dotnet", "jq", "git", "podman-compose"]) Tool.Require(tool);

        await BuildBaseAsync($"{Repo}/base:1");
        await PublishAsync($"{Repo}/base:1", $"{Repo}:1");
        var image = $"{Host}/{Repo}:1";
        (await PodmanAsync("pull", "-q", "--tls-verify=false", image)).Succeeded();

        await ExpectLabelsAsync(image);
        await ExpectSbomAsync(image);
        string http = FreeAddress(), https = FreeAddress();
        var settings = Path.Combine(Fixture.Folder, "berth.env");
        await File.WriteAllTextAsync(settings, $"BERTH_OWNER_PASSWORD={_password}\nBERTH_Https__Listen={https}\n");
        try
        {
            (await PodmanAsync(
                [.. Run, "-d", "--name", "berth", "--read-only", "--cap-drop", "all", "-v", "berth:/data", "--env-file", settings, image, "--http", http])).Succeeded();
            await WaitUntilReadyAsync(http, "berth");
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

        await ComposeAsync(image, FreeAddress(), FreeAddress());
    }

    /// <summary>What the image says of itself.</summary>
    private async Task ExpectLabelsAsync(string image)
    {
        var inspected = (await PodmanAsync("inspect", "--type", "image", "--format", "{{json .Labels}}", image)).Succeeded();
        var labels = JsonDocument.Parse(inspected.Output).RootElement.EnumerateObject().ToDictionary(one => one.Name, one => one.Value.GetString());
        Assert.Equal(
            ("Berth", "0.1.0", "Apache-2.0", "https://git.example.org/berth", "2023-11-14T22:13:20Z"),
            (labels["org.opencontainers.image.title"], labels["org.opencontainers.image.version"], labels["org.opencontainers.image.licenses"],
                labels["org.opencontainers.image.source"], labels["org.opencontainers.image.created"]));

        // Of a working copy with changes the image names no commit.
        var (git, root) = (Tool.Require("git"), Repository.Root);
        var changed = (await Tool.RunAsync(git, ["status", "--porcelain", "--untracked-files=no"], root)).Output.Length > 0;
        Assert.Equal(changed ? null : (await Tool.RunAsync(git, ["rev-parse", "HEAD"], root)).Succeeded().Output.Trim(), labels.GetValueOrDefault("org.opencontainers.image.revision"));
    }

    /// <summary>The list of what is in it is a referrer of the image, and is what the image itself says is in it.</summary>
    private async Task ExpectSbomAsync(string image)
    {
        var digest = await ServedDigestAsync(Repo, "1");
        var referrers = JsonDocument.Parse((await Client.GetAsync($"/v2/{Repo}/referrers/{digest}")).Expect(200).Body).RootElement.GetProperty("manifests");
        var referrer = Assert.Single(referrers.EnumerateArray());
        Assert.Equal("application/vnd.cyclonedx+json", referrer.GetProperty("artifactType").GetString());
        var manifest = JsonDocument.Parse((await Client.GetManifestAsync(Repo, referrer.GetProperty("digest").GetString()!)).Expect(200).Body).RootElement;
        Assert.Equal(digest, manifest.GetProperty("subject").GetProperty("digest").GetString());
        var blob = Assert.Single(manifest.GetProperty("layers").EnumerateArray()).GetProperty("digest").GetString();
        var sbom = JsonDocument.Parse((await Client.GetAsync($"/v2/{Repo}/blobs/{blob}")).Expect(200).Body).RootElement;
        Assert.Equal(("CycloneDX", "1.6", "2023-11-14T22:13:20Z"), (sbom.GetProperty("bomFormat").GetString(), sbom.GetProperty("specVersion").GetString(), sbom.GetProperty("metadata").GetProperty("timestamp").GetString()));
        var listed = sbom.GetProperty("components").EnumerateArray().Select(one => one.GetProperty("purl").GetString()!).ToList();

        string[] inside = [.. Run, "--rm", "--entrypoint", "/usr/bin/cat", image];
        var program = JsonDocument.Parse((await PodmanAsync([.. inside, "/app/berth-server.deps.json"])).Succeeded().Output).RootElement.GetProperty("libraries");
        var packages = program.EnumerateObject().Where(one => one.Value.GetProperty("type").GetString() is "package" or "runtimepack")
            .Select(one => "pkg:nuget/" + one.Name.Replace("runtimepack.", "", StringComparison.Ordinal).Replace('/', '@'));
        Assert.Equal(packages.Order(StringComparer.Ordinal), listed.Where(one => one.StartsWith("pkg:nuget/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Contains(listed, one => one.StartsWith("pkg:nuget/Microsoft.NETCore.App.Runtime.", StringComparison.Ordinal));

        var installed = (await PodmanAsync([.. Run, "--rm", "--entrypoint", "/usr/bin/ls", image, "/var/lib/dpkg/status.d"])).Succeeded().Output;
        Assert.Equal(
            installed.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            listed.Where(one => one.StartsWith("pkg:deb/debian/", StringComparison.Ordinal)).Select(one => one["pkg:deb/debian/".Length..].Split('@')[0]).Order(StringComparer.Ordinal));
        Assert.Contains("libc6", installed, StringComparison.Ordinal);
    }

    /// <summary>The single service of deploy/compose, run by podman-compose: it says that it is healthy, takes a push, and ends in order.</summary>
    private async Task ComposeAsync(string image, string http, string https)
    {
        var folder = Path.Combine(Fixture.Folder, "one");
        (await Tool.RunAsync(Path.Combine(Repository.Root, "deploy", "compose", "prepare"), ["--image", image, folder], Repository.Root)).Succeeded();
        var file = Path.Combine(folder, "compose.yaml");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("127.0.0.1:5000", http, StringComparison.Ordinal));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "here.yaml"),
            $"services:\n  berth:\n    ulimits: {{nofile: 1024, nproc: 1024}}\n    environment:\n      BERTH_Http__Listen: {http}\n      BERTH_Https__Listen: {https}\n");
        var podman = Path.Combine(Fixture.Folder, "podman");
        await File.WriteAllTextAsync(podman, HostPodman.Replace("PODMAN", $"{Tool.Require("podman")} {string.Join(' ', Storage)}", StringComparison.Ordinal));
        File.SetUnixFileMode(podman, (UnixFileMode)0b111_101_101);
        Task<ToolResult> ComposeAsync(params string[] arguments) => Tool.RunAsync(
            Tool.Require("podman-compose"), ["--podman-path", podman, "-f", "compose.yaml", "-f", "here.yaml", .. arguments], folder, Fixture.ClientEnvironment);
        try
        {
            (await ComposeAsync("up", "-d")).Succeeded();
            await WaitUntilReadyAsync(http, "one_berth_1");
            (await PodmanAsync("healthcheck", "run", "one_berth_1")).Succeeded();
            var password = (await File.ReadAllTextAsync(Path.Combine(folder, "berth.env"))).Trim().Split('=')[1];
            using var client = new RegistryClient(new RegistryEndpoint(new Uri($"http://{http}"), "owner", password));
            await client.PushImageAsync("demo/app", "1");
            (await ComposeAsync("stop", "-t", "40")).Succeeded();
            Assert.Equal("exited 0", (await PodmanAsync("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", "one_berth_1")).Succeeded().Output.Trim());
        }
        finally
        {
            await ComposeAsync("down", "-t", "40");
            await PodmanAsync("rm", "-f", "-t", "40", "-i", "one_berth_1");
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
            ["SOURCE_DATE_EPOCH"] = "1700000000",
        };
        (await RunAsync("container/publish", environment, "--source", "https://git.example.org/berth", "--base", $"{host}/{baseReference}", $"{host}/{reference}")).Succeeded();
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

    private async Task WaitUntilReadyAsync(string address, string container)
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

        var logs = await PodmanAsync("logs", container);
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
        "podman", [.. Storage, .. arguments]);
}
