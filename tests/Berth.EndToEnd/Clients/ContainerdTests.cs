using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Clients;

/// <summary>containerd, driven by ctr, against the real server.</summary>
public sealed class ContainerdTests(ContainerdFixture fixture) : EndToEndTest<ContainerdFixture>(fixture)
{
    private string Credentials => $"{Fixture.Endpoint.User}:{Fixture.Endpoint.Password}";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Fixture.StartDaemonAsync();
    }

    [Fact]
    public async Task An_image_is_pulled_pushed_under_another_name_and_pulled_again_after_a_restart()
    {
        var image = ImageLayout.Small(NewFolder("layout"));
        await SeedAsync(image, $"{Repo}:1");
        (await Fixture.CtrAsync("images", "pull", "--plain-http", "--user", Credentials, "--snapshotter", "native", $"{Host}/{Repo}:1")).Succeeded();
        Assert.Equal(image.Digest, await TargetAsync($"{Host}/{Repo}:1"));

        (await Fixture.CtrAsync("images", "tag", $"{Host}/{Repo}:1", $"{Host}/{Repo}/pushed:2")).Succeeded();
        (await Fixture.CtrAsync("images", "push", "--plain-http", "--user", Credentials, $"{Host}/{Repo}/pushed:2")).Succeeded();
        Assert.Equal(image.Digest, await ServedDigestAsync($"{Repo}/pushed", "2"));

        await Fixture.RestartAsync();
        (await Fixture.CtrAsync("images", "rm", $"{Host}/{Repo}/pushed:2")).Succeeded();
        (await Fixture.CtrAsync("images", "pull", "--plain-http", "--user", Credentials, "--snapshotter", "native", $"{Host}/{Repo}/pushed:2")).Succeeded();
        Assert.Equal(image.Digest, await TargetAsync($"{Host}/{Repo}/pushed:2"));
    }

    [Fact]
    public async Task An_index_with_all_platforms_goes_both_ways()
    {
        var index = ImageLayout.Index(NewFolder("layout"));
        await SeedAsync(index, $"{Repo}:1");
        (await Fixture.CtrAsync("content", "fetch", "--plain-http", "--user", Credentials, "--all-platforms", $"{Host}/{Repo}:1")).Succeeded();
        Assert.Equal(index.Digest, await TargetAsync($"{Host}/{Repo}:1"));

        (await Fixture.CtrAsync("images", "tag", $"{Host}/{Repo}:1", $"{Host}/{Repo}/pushed:1")).Succeeded();
        (await Fixture.CtrAsync("images", "push", "--plain-http", "--user", Credentials, $"{Host}/{Repo}/pushed:1")).Succeeded();
        var pulled = NewFolder("pulled");
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--all", "--preserve-digests", "--src-tls-verify=false", $"docker://{Host}/{Repo}/pushed:1", $"oci:{pulled}:x")).Succeeded();
        index.ExpectSame(pulled);
    }

    [Fact]
    public async Task A_large_image_is_fetched()
    {
        var image = ImageLayout.Large(NewFolder("layout"), 4, 10_000_000);
        await SeedAsync(image, $"{Repo}:1");
        (await Fixture.CtrAsync("content", "fetch", "--plain-http", "--user", Credentials, $"{Host}/{Repo}:1")).Succeeded();
        Assert.Equal(image.Digest, await TargetAsync($"{Host}/{Repo}:1"));
    }

    [Fact]
    public async Task A_wrong_password_is_refused()
    {
        var image = ImageLayout.Small(NewFolder("layout"));
        await SeedAsync(image, $"{Repo}:1");
        (await Fixture.CtrAsync("images", "pull", "--plain-http", "--user", $"{Fixture.Endpoint.User}:wrong", $"{Host}/{Repo}:1")).Refused();
    }

    private async Task SeedAsync(ImageLayout image, string reference) =>
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--all", "--preserve-digests", "--dest-tls-verify=false", image.Reference, $"docker://{Host}/{reference}")).Succeeded();

    /// <summary>The digest that containerd has under a name.</summary>
    private async Task<string> TargetAsync(string name)
    {
        var list = (await Fixture.CtrAsync("images", "ls", $"name=={name}")).Succeeded().Output.Split('\n')[1];
        return list.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2];
    }
}
