using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Clients;

/// <summary>skopeo against the real server: what is pushed is pulled byte for byte, before and after a restart.</summary>
public sealed class SkopeoTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private const string NoTlsSource = "--src-tls-verify=false";
    private const string NoTlsTarget = "--dest-tls-verify=false";

    [Fact]
    public async Task Login_takes_the_right_password_and_no_other()
    {
        (await Fixture.RunWithInputAsync(Fixture.Endpoint.Password, "skopeo", "login", "--tls-verify=false", "-u", Fixture.Endpoint.User, "--password-stdin", Host)).Succeeded();
        (await Fixture.RunWithInputAsync("wrong", "skopeo", "login", "--authfile", Fixture.AuthFile + ".wrong", "--tls-verify=false", "-u", Fixture.Endpoint.User, "--password-stdin", Host)).Refused();
        (await Fixture.RunAsync("skopeo", "inspect", "--tls-verify=false", "--no-creds", $"docker://{Host}/{Repo}:x")).Refused();
        (await Fixture.RunAsync("skopeo", "copy", NoTlsTarget, "--dest-no-creds", ImageLayout.Small(NewFolder("layout")).Reference, $"docker://{Host}/{Repo}:x")).Refused();
    }

    [Fact]
    public async Task An_image_is_pulled_by_tag_and_by_digest_as_it_was_pushed_also_after_a_restart()
    {
        var image = ImageLayout.Small(NewFolder("layout"));
        await PushAsync(image, $"{Repo}:1");
        Assert.Equal(image.Digest, await ServedDigestAsync(Repo, "1"));

        await ExpectPulledAsync(image, $"{Repo}:1");
        await ExpectPulledAsync(image, $"{Repo}@{image.Digest}");
        await Fixture.RestartAsync();
        await ExpectPulledAsync(image, $"{Repo}:1");
        await ExpectPulledAsync(image, $"{Repo}@{image.Digest}");
    }

    [Fact]
    public async Task A_large_image_goes_both_ways()
    {
        var image = ImageLayout.Large(NewFolder("layout"), 6, TestRun.IsLong ? 40_000_000 : 8_000_000);
        await PushAsync(image, $"{Repo}:1");
        await ExpectPulledAsync(image, $"{Repo}:1");
    }

    [Fact]
    public async Task An_index_goes_both_ways_and_a_client_gets_its_platform()
    {
        var index = ImageLayout.Index(NewFolder("layout"));
        await PushAsync(index, $"{Repo}:1");
        Assert.Equal(index.Digest, await ServedDigestAsync(Repo, "1"));
        await ExpectPulledAsync(index, $"{Repo}:1");

        var folder = NewFolder("arm");
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--override-arch", "arm64", NoTlsSource, $"docker://{Host}/{Repo}:1", $"dir:{folder}")).Succeeded();
        var manifest = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "manifest.json"))).RootElement;
        var config = manifest.GetProperty("config").GetProperty("digest").GetString()!["sha256:".Length..];
        Assert.Equal("arm64", JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, config))).RootElement.GetProperty("architecture").GetString());
    }

    [Fact]
    public async Task A_copy_from_repository_to_repository_keeps_every_byte()
    {
        var index = ImageLayout.Index(NewFolder("layout"));
        await PushAsync(index, $"{Repo}:1");
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--all", "--preserve-digests", NoTlsSource, NoTlsTarget, $"docker://{Host}/{Repo}:1", $"docker://{Host}/{Repo}/copy/of:2")).Succeeded();
        Assert.Equal(index.Digest, await ServedDigestAsync($"{Repo}/copy/of", "2"));
        await ExpectPulledAsync(index, $"{Repo}/copy/of:2");
    }

    [Fact]
    public async Task A_second_repository_takes_the_layers_by_mount()
    {
        var image = ImageLayout.Large(NewFolder("layout"), 4, 500_000);
        await PushAsync(image, $"{Repo}:1");
        var result = (await Fixture.RunAsync("skopeo", "--debug", "copy", "--preserve-digests", NoTlsTarget, image.Reference, $"docker://{Host}/{Repo}-mounted:1")).Succeeded();
        Assert.InRange(Count(result.Errors, "mount OK"), 4, 10);
        Assert.InRange(Count(result.Errors, "Uploading /v2/"), 0, 1);
        await ExpectPulledAsync(image, $"{Repo}-mounted:1");
    }

    [Fact]
    public async Task A_second_push_of_an_image_sends_no_blob()
    {
        var image = ImageLayout.Small(NewFolder("layout"));
        await PushAsync(image, $"{Repo}:1");
        var result = (await Fixture.RunAsync("skopeo", "--debug", "copy", "--preserve-digests", NoTlsTarget, image.Reference, $"docker://{Host}/{Repo}:2")).Succeeded();
        Assert.Equal(0, Count(result.Errors, "Uploading /v2/"));
        Assert.Equal(image.Digest, await ServedDigestAsync(Repo, "2"));
    }

    [Fact]
    public async Task A_push_goes_on_where_nothing_may_be_pulled()
    {
        var image = ImageLayout.Small(NewFolder("layout"));
        await PushAsync(image, $"{Repo}:1");

        // The index is of an image with the same layers: they are there.
        foreach (var (locked, pushed) in new[] { (Repo, ImageLayout.Index(NewFolder("layout"))), ($"{Repo}/_tags/1", image) })
        {
            await SetReadableAsync(locked, "false");
            await PushAsync(pushed, $"{Repo}:1");
            (await Fixture.RunAsync("skopeo", "copy", "-q", "--all", NoTlsSource, $"docker://{Host}/{Repo}:1", $"oci:{NewFolder("pulled")}:x")).Denied();

            await SetReadableAsync(locked, "true");
            await ExpectPulledAsync(pushed, $"{Repo}:1");
        }

        async Task SetReadableAsync(string what, string isReadable) => (await Client.PatchAsync(
            $"/acr/v1/{what}", Content.Utf8($$"""{"readEnabled":{{isReadable}}}"""), ("Content-Type", "application/json"))).Expect(200);
    }

    [Fact]
    public async Task Tags_are_listed_whole_and_in_order()
    {
        var image = ImageLayout.Small(NewFolder("layout"));
        foreach (var tag in (string[])["b", "a", "c10", "c9", "c"]) await PushAsync(image, $"{Repo}:{tag}");
        var list = (await Fixture.RunAsync("skopeo", "list-tags", "--tls-verify=false", $"docker://{Host}/{Repo}")).Succeeded();
        Assert.Equal(["a", "b", "c", "c10", "c9"], JsonDocument.Parse(list.Output).RootElement.GetProperty("Tags").EnumerateArray().Select(t => t.GetString()!));
    }

    [Fact]
    public async Task A_deleted_image_is_gone_and_its_neighbours_stay()
    {
        var image = ImageLayout.Small(NewFolder("layout"));
        var gone = ImageLayout.Small(NewFolder("layout"), "gone");
        await PushAsync(image, $"{Repo}:1");
        await PushAsync(gone, $"{Repo}:gone");
        (await Fixture.RunAsync("skopeo", "delete", "--tls-verify=false", $"docker://{Host}/{Repo}:gone")).Succeeded();
        var inspect = await Fixture.RunAsync("skopeo", "inspect", "--raw", "--tls-verify=false", $"docker://{Host}/{Repo}:gone");
        Assert.NotEqual(0, inspect.Status);
        Assert.Matches("(?i)manifest unknown|not found", inspect.Errors);
        await ExpectPulledAsync(image, $"{Repo}:1");
    }

    [Fact]
    public async Task A_repository_is_synchronised_to_a_folder_and_back()
    {
        var image = ImageLayout.Small(NewFolder("layout"));
        foreach (var tag in (string[])["1", "2", "3"]) await PushAsync(image, $"{Repo}:{tag}");
        var folder = NewFolder("sync");
        (await Fixture.RunAsync("skopeo", "sync", "--all", "--src", "docker", "--dest", "dir", NoTlsSource, $"{Host}/{Repo}", folder)).Succeeded();
        Assert.Equal(3, Directory.GetDirectories(folder).Length);
        (await Fixture.RunAsync("skopeo", "sync", "--all", "--src", "dir", "--dest", "docker", NoTlsTarget, folder, $"{Host}/{Repo}-synced")).Succeeded();
        Assert.Equal(image.Digest, await ServedDigestAsync($"{Repo}-synced/{Repo.Split('/')[1]}", "2"));
    }

    [Fact]
    public async Task An_authority_file_of_the_server_is_all_that_tls_needs()
    {
        var certificates = NewFolder("certificates");
        File.Copy(Path.Combine(Fixture.Server.Data, "tls", "ca.pem"), Path.Combine(certificates, "ca.crt"));
        var target = $"docker://localhost:{Fixture.Server.Https.Split(':')[1]}/{Repo}:1";
        var credentials = $"{Fixture.Endpoint.User}:{Fixture.Endpoint.Password}";
        var image = ImageLayout.Large(NewFolder("layout"), 2, 5_000_000);
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--preserve-digests", "--dest-cert-dir", certificates, "--dest-creds", credentials, image.Reference, target)).Succeeded();
        var pulled = NewFolder("pulled");
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--preserve-digests", "--src-cert-dir", certificates, "--src-creds", credentials, target, $"oci:{pulled}:x")).Succeeded();
        image.ExpectSame(pulled);
        var untrusted = await Fixture.RunAsync("skopeo", "inspect", "--raw", "--creds", credentials, target);
        Assert.NotEqual(0, untrusted.Status);
        Assert.Contains("x509", untrusted.Errors, StringComparison.Ordinal);
    }

    private static int Count(string text, string what) => text.Split('\n').Count(l => l.Contains(what, StringComparison.Ordinal));

    private async Task PushAsync(ImageLayout image, string reference) =>
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--all", "--preserve-digests", NoTlsTarget, image.Reference, $"docker://{Host}/{reference}")).Succeeded();

    private async Task ExpectPulledAsync(ImageLayout image, string reference)
    {
        var folder = NewFolder("pulled");
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--all", "--preserve-digests", NoTlsSource, $"docker://{Host}/{reference}", $"oci:{folder}:x")).Succeeded();
        image.ExpectSame(folder);
    }
}
