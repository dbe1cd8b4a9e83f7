using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Deploy;

/// <summary>The archive for machines without a network: made here, and installed from in a network of its own that leads nowhere.</summary>
[Collection(Builds)]
public sealed class BundleTests : IDisposable
{
    /// <summary>Tests that build the server in <c>artifacts/deploy</c> take turns: two builds in one folder would meet each other's files.</summary>
    public const string Builds = "artifacts/deploy";

    /// <summary>Far above what it takes on two cores of its own, so that a busy machine is no failure.</summary>
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(20);

    // What the page says to do with it. The first line: nobody answers from here on but this machine itself.
    private const string Install = """
        set -euo pipefail
        ip link set lo up
        if curl -s --max-time 5 -o /dev/null http://192.0.2.1/; then echo 'there is a network' >&2; exit 1; fi
        ./load --check
        server/berth-server serve --data "$FOLDER/data" --http 127.0.0.1:5000 --https none >"$FOLDER/server.log" 2>&1 &
        trap 'kill %1; wait %1' EXIT
        for _ in $(seq 1 300); do curl -sf -o /dev/null http://127.0.0.1:5000/healthz/ready && break; sleep 0.2; done
        skopeo login --tls-verify=false -u owner --password-stdin 127.0.0.1:5000 <<<"$BERTH_OWNER_PASSWORD"
        ./load --plain-http 127.0.0.1:5000/berth/server | tee "$FOLDER/loaded"
        image=$(sed -n '1s/.*@//p' "$FOLDER/loaded")
        curl -sf -u "owner:$BERTH_OWNER_PASSWORD" "http://127.0.0.1:5000/v2/berth/server/referrers/$image" >"$FOLDER/referrers"
        skopeo copy -q --preserve-digests --src-tls-verify=false docker://127.0.0.1:5000/berth/server:0.1.0 "oci:$FOLDER/pulled:0.1.0"
        cmp "$FOLDER/pulled/blobs/${image/:/\/}" "image/blobs/${image/:/\/}"
        helm template berth chart/berth-0.1.0.tgz --namespace registry --values "$VALUES" --set "image.repository=127.0.0.1:5000/berth/server,image.digest=$image" >"$FOLDER/rendered"
        systemd/install --root "$FOLDER/root" server
        cmp server/berth-server "$FOLDER/root/opt/berth/berth-server"
        compose/prepare --image 127.0.0.1:5000/berth/server:0.1.0 "$FOLDER/one"
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("berth-bundle-");

    [Fact]
    public async Task It_is_made_by_one_command_and_installed_from_without_a_network()
    {
        foreach (var tool in (string[])["apt-get", "dotnet", "skopeo", "jq", "curl", "openssl", "tar", "ip", "unshare", "systemd-sysusers"]) Tool.Require(tool);
        if (!Environment.IsPrivilegedProcess) Tool.Lacking("A network of its own is root's to make.");
        var path = $"{Path.GetDirectoryName(await HelmBinary.RequireAsync())}:{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin";
        var archive = Path.Combine(_folder.FullName, "berth.tar");
        var made = await Tool.RunAsync(
            Path.Combine(Repository.Root, "deploy", "bundle"), [archive], _folder.FullName, new Dictionary<string, string> { ["PATH"] = path }, limit: BuildLimit);
        Assert.Contains("sha256", made.Succeeded().Output, StringComparison.Ordinal);
        (await Tool.RunAsync(Tool.Require("tar"), ["-xf", archive], _folder.FullName)).Succeeded();
        var bundle = Path.Combine(_folder.FullName, "berth-0.1.0");
        foreach (var part in (string[])["README.md", "LICENSE", "sbom/sbom.cdx.json", "docs/user/systemd.md", "systemd/berth.service", "prometheus/alerts.yaml", "grafana/overview.json"])
            Assert.True(File.Exists(Path.Combine(bundle, part)), part);

        var script = Path.Combine(_folder.FullName, "install.sh");
        await File.WriteAllTextAsync(script, Install);
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = path,
            ["HOME"] = _folder.FullName,
            ["FOLDER"] = _folder.FullName,
            ["VALUES"] = HelmChart.Values("cluster"),
            ["REGISTRY_AUTH_FILE"] = Path.Combine(_folder.FullName, "auth.json"),
            ["BERTH_OWNER_PASSWORD"] = $"secret-{Content.Name()}",
        };
        (await Tool.RunAsync(Tool.Require("unshare"), ["--net", Tool.Require("bash"), script], bundle, environment, limit: TimeSpan.FromMinutes(5))).Succeeded();

        var referrer = Assert.Single(JsonDocument.Parse(await ReadAsync("referrers")).RootElement.GetProperty("manifests").EnumerateArray());
        Assert.Equal("application/vnd.cyclonedx+json", referrer.GetProperty("artifactType").GetString());
        var image = (await ReadAsync("loaded")).Split('\n')[0].Split('@')[1];
        Assert.Contains($"image: 127.0.0.1:5000/berth/server@{image}", await ReadAsync("rendered"), StringComparison.Ordinal);

        // One byte that came over wrong is found.
        var chart = Path.Combine(bundle, "chart", "berth-0.1.0.tgz");
        var bytes = await File.ReadAllBytesAsync(chart);
        bytes[^9] ^= 1;
        await File.WriteAllBytesAsync(chart, bytes);
        var damaged = await Tool.RunAsync(Path.Combine(bundle, "load"), ["--check"], bundle);
        Assert.Equal(1, damaged.Status);
        Assert.Contains("the bundle is damaged", damaged.Errors, StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    private Task<string> ReadAsync(string file) => File.ReadAllTextAsync(Path.Combine(_folder.FullName, file));
}
