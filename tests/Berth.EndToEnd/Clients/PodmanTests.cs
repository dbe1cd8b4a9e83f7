using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Clients;

/// <summary>buildah and podman against the real server; both use one storage of their own.</summary>
public sealed class PodmanTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    [Theory]
    [InlineData("oci", Types.Manifest, "")]
    [InlineData("v2s2", Types.DockerManifest, "")]
    [InlineData("oci", Types.Manifest, "zstd")]
    public async Task An_image_built_by_buildah_is_pushed_pulled_and_run(string format, string mediaType, string compression)
    {
        var context = NewFolder("context");
        Directory.CreateDirectory(Path.Combine(context, "bin"));
        File.Copy(Tool.Require("busybox"), Path.Combine(context, "bin", "busybox"));
        await File.WriteAllTextAsync(Path.Combine(context, "message"), $"built {Repo}\n");
        await File.WriteAllTextAsync(Path.Combine(context, "Containerfile"), "FROM scratch\nCOPY bin /bin\nCOPY message /message\nRUN [\"/bin/busybox\", \"sh\", \"-c\", \"/bin/busybox cp /message /copied\"]\nCMD [\"/bin/busybox\", \"cat\", \"/copied\"]\n");
        var image = $"localhost/{Content.Name()}";
        var digestFile = Path.Combine(context, "digest");
        (await BuildahAsync("bud", "--isolation", "chroot", "--layers", "-t", image, context)).Succeeded();
        string[] compressed = compression.Length == 0 ? [] : ["--compression-format", compression];
        (await BuildahAsync(["push", "--tls-verify=false", "--format", format, "--digestfile", digestFile, .. compressed, image, $"docker://{Host}/{Repo}:1"])).Succeeded();

        var served = (await Client.GetManifestAsync(Repo, "1")).Expect(200).ExpectHeader("Content-Type", mediaType);
        Assert.Equal(await File.ReadAllTextAsync(digestFile), served.Digest);
        if (compression.Length > 0) Assert.Contains("tar+zstd", served.Text, StringComparison.Ordinal);

        await Fixture.RestartAsync();
        (await PodmanAsync("rmi", "-f", image)).Succeeded();
        var run = (await PodmanAsync(
            "run", "--rm", "--network", "host", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--pull", "always", "--tls-verify=false", $"{Host}/{Repo}:1")).Succeeded();
        Assert.Contains($"built {Repo}", run.Output, StringComparison.Ordinal);
        (await PodmanAsync("rmi", "-f", $"{Host}/{Repo}:1")).Succeeded();
        (await PodmanAsync("pull", "-q", "--tls-verify=false", $"{Host}/{Repo}@{served.Digest}")).Succeeded();
    }

    [Fact]
    public async Task A_build_may_start_from_an_image_that_has_to_be_pulled()
    {
        var layout = ImageLayout.Small(NewFolder("layout"), "base");
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--dest-tls-verify=false", layout.Reference, $"docker://{Host}/{Repo}:base")).Succeeded();
        var context = NewFolder("context");
        await File.WriteAllTextAsync(Path.Combine(context, "Containerfile"), $"FROM {Host}/{Repo}:base\nCOPY Containerfile /added\n");
        (await BuildahAsync("bud", "--isolation", "chroot", "--pull-always", "--tls-verify=false", "-t", $"{Host}/{Repo}:more", context)).Succeeded();
        (await BuildahAsync("push", "--tls-verify=false", $"{Host}/{Repo}:more")).Succeeded();
        Assert.NotEqual(layout.Digest, await ServedDigestAsync(Repo, "more"));
    }

    [Fact]
    public async Task Podman_pulls_pushes_and_runs_out_of_an_index()
    {
        var index = ImageLayout.Index(NewFolder("layout"), $"hello {Repo}");
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--all", "--dest-tls-verify=false", index.Reference, $"docker://{Host}/{Repo}:1")).Succeeded();
        var run = (await PodmanAsync(
            "run", "--rm", "--network", "host", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--pull", "always", "--tls-verify=false", $"{Host}/{Repo}:1")).Succeeded();
        Assert.Contains($"hello {Repo}", run.Output, StringComparison.Ordinal);

        var digestFile = Path.Combine(Fixture.Folder, Content.Name());
        (await PodmanAsync("tag", $"{Host}/{Repo}:1", $"{Host}/{Repo}:2")).Succeeded();
        (await PodmanAsync("push", "-q", "--tls-verify=false", "--digestfile", digestFile, $"{Host}/{Repo}:2")).Succeeded();
        Assert.Equal(await File.ReadAllTextAsync(digestFile), await ServedDigestAsync(Repo, "2"));
    }

    [Fact]
    public async Task Login_takes_the_right_password_and_no_other()
    {
        string[] login = ["--tls-verify=false", "-u", Fixture.Endpoint.User, "--password-stdin", Host];
        (await Fixture.RunWithInputAsync(Fixture.Endpoint.Password, "podman", [.. Storage(), "login", .. login])).Succeeded();
        (await Fixture.RunWithInputAsync("wrong", "podman", [.. Storage(), "login", "--authfile", Fixture.AuthFile + ".wrong", .. login])).Refused();
        (await Fixture.RunWithInputAsync("wrong", "buildah", [.. Storage(), "login", "--authfile", Fixture.AuthFile + ".wrong", .. login])).Refused();
    }

    private string[] Storage() => ["--root", Path.Combine(Fixture.Folder, "storage"), "--runroot", Path.Combine(Fixture.Folder, "run"), "--storage-driver", "vfs"];

    private Task<ToolResult> BuildahAsync(params string[] arguments) => Fixture.RunAsync("buildah", [.. Storage(), .. arguments]);

    private Task<ToolResult> PodmanAsync(params string[] arguments) => Fixture.RunAsync("podman", [.. Storage(), "--cgroup-manager", "cgroupfs", "--runtime", Tool.Require("runc"), .. arguments]);
}
