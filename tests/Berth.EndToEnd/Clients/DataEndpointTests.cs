using System.Text.RegularExpressions;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Clients;

/// <summary>Real clients that pull through a registry's dedicated data endpoint, over TLS with the certificate that is issued for its name.</summary>
public sealed partial class DataEndpointTests(DataEndpointFixture fixture) : EndToEndTest<DataEndpointFixture>(fixture)
{
    [Fact]
    public async Task Skopeo_pulls_every_blob_from_the_data_endpoint_byte_for_byte()
    {
        Tool.Require("skopeo");
        var image = ImageLayout.Large(NewFolder("layout"), 3, 2_000_000);
        var reference = $"docker://{Fixture.Registry}/{Repo}:1";
        (await Fixture.RunNamedAsync("skopeo", ["copy", "-q", "--preserve-digests", "--dest-cert-dir", Fixture.Certificates, image.Reference, reference])).Succeeded();
        var pulled = NewFolder("pulled");
        var copy = (await Fixture.RunNamedAsync("skopeo", ["--debug", "copy", "--preserve-digests", "--src-cert-dir", Fixture.Certificates, reference, $"oci:{pulled}:x"])).Succeeded();
        image.ExpectSame(pulled);
        Assert.DoesNotContain("x509", copy.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Podman_pulls_and_runs_an_image_whose_blobs_are_at_the_data_endpoint()
    {
        Tool.Require("podman");
        var image = ImageLayout.Small(NewFolder("layout"), $"hello {Repo}");
        (await Fixture.RunNamedAsync("skopeo", ["copy", "-q", "--dest-cert-dir", Fixture.Certificates, image.Reference, $"docker://{Fixture.Registry}/{Repo}:1"])).Succeeded();
        string[] storage = ["--root", Path.Combine(Fixture.Folder, "storage"), "--runroot", Path.Combine(Fixture.Folder, "run"), "--storage-driver", "vfs"];
        (await Fixture.RunNamedAsync("podman", [.. storage, "pull", "-q", "--cert-dir", Fixture.Certificates, $"{Fixture.Registry}/{Repo}:1"])).Succeeded();
        var names = (await Fixture.RunNamedAsync("podman", [.. storage, "images", "--format", "{{.Repository}}"])).Succeeded();
        Assert.Contains($"{Fixture.Registry}/{Repo}", names.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Helm_pulls_a_chart_whose_blob_is_at_the_data_endpoint()
    {
        var helm = await HelmBinary.RequireAsync();
        Dictionary<string, string> environment = new(Fixture.ClientEnvironment) { ["HELM_REGISTRY_CONFIG"] = Fixture.AuthFile };
        var (charts, pulled) = (NewFolder("charts"), NewFolder("pulled"));
        var authority = Path.Combine(Fixture.Certificates, "ca.crt");
        (await Tool.RunAsync(helm, ["create", Path.Combine(charts, "chart")], Fixture.Folder, environment)).Succeeded();
        (await Tool.RunAsync(helm, ["package", Path.Combine(charts, "chart"), "--version", "1.0.0", "-d", charts], Fixture.Folder, environment)).Succeeded();
        (await Fixture.RunNamedAsync(helm, ["push", Path.Combine(charts, "chart-1.0.0.tgz"), $"oci://{Fixture.Registry}/{Repo}", "--ca-file", authority], environment)).Succeeded();
        (await Fixture.RunNamedAsync(helm, ["pull", $"oci://{Fixture.Registry}/{Repo}/chart", "--version", "1.0.0", "--ca-file", authority, "-d", pulled], environment)).Succeeded();
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(charts, "chart-1.0.0.tgz")), await File.ReadAllBytesAsync(Path.Combine(pulled, "chart-1.0.0.tgz")));
    }

    [Fact]
    public async Task Curl_is_sent_to_the_data_endpoint_and_no_certificate_is_issued_for_other_names()
    {
        Tool.Require("curl");
        var blob = await Client.PushAsync(Repo, BlobContent.Layer(20_000));
        var address = $"https://{Fixture.Registry}/v2/{Repo}/blobs/{blob.Digest}";
        string[] curl = ["-sS", "--cacert", Path.Combine(Fixture.Certificates, "ca.crt")];
        var sent = (await Fixture.RunNamedAsync("curl", [.. curl, "-u", $"{Fixture.Endpoint.User}:{Fixture.Endpoint.Password}", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", address])).Succeeded();
        var link = Link().Match(sent.Output);
        Assert.True(link.Success, sent.ToString());

        // Without a credential, as clients come that were sent elsewhere.
        var given = (await Fixture.RunNamedAsync("curl", [.. curl, "-o", Path.Combine(Fixture.Folder, "blob"), "-w", "%{http_code} %{ssl_verify_result}", link.Groups["link"].Value])).Succeeded();
        Assert.Equal("200 0", given.Output);
        Assert.Equal(blob.Digest, Content.Digest(await File.ReadAllBytesAsync(Path.Combine(Fixture.Folder, "blob"))));

        foreach (var other in (string[])["other.home.data.berth.localhost", "local.else.data.berth.localhost", "a.b.berth.localhost"])
        {
            var refused = await Fixture.RunNamedAsync("curl", [.. curl, "--connect-to", $"::127.0.0.1:{Fixture.Server.Https.Split(':')[1]}", $"https://{other}/v2/"]);
            Assert.Equal(60, refused.Status);
        }
    }

    [GeneratedRegex(@"^307 (?<link>https://local\.home\.data\.berth\.localhost:\d+/v2/\S+\?link=[A-Za-z0-9_-]+)$")]
    private static partial Regex Link();
}
