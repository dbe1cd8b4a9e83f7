using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Access;

/// <summary>Real clients that sign in docker's way, with each kind of credential that there is.</summary>
public sealed class LoginTests(AccessFixture fixture) : EndToEndTest<AccessFixture>(fixture)
{
    private IReadOnlyList<Login> Logins => Fixture.Logins!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        if (Fixture.Logins is not null) return;

        foreach (var repository in (string[])["team/app", "secret/app"]) await PushImageAsync(repository);
        await PushChartsAsync();
        Fixture.Logins = await Login.MakeAllAsync(Fixture);
    }

    [Theory]
    [InlineData("skopeo")]
    [InlineData("podman")]
    [InlineData("buildah")]
    [InlineData("ctr")]
    [InlineData("helm")]
    public async Task A_client_pulls_with_every_kind_of_credential_what_it_may_and_nothing_else_also_after_a_restart(string name)
    {
        if (name == "ctr") await Fixture.StartDaemonAsync();
        var client = new LoginClient(Fixture, name);
        foreach (var login in Logins)
        {
            (await client.LoginAsync(login))?.Succeeded();
            await ExpectAsync(client, login);
        }

        await Fixture.RestartAsync();

        foreach (var login in Logins) await ExpectAsync(client, login);
    }

    [Fact]
    public async Task Only_who_may_write_pushes()
    {
        var image = ImageLayout.Small(NewFolder("layout"));
        foreach (var login in Logins)
        {
            var push = await Fixture.RunAsync(
                "skopeo", "copy", "-q", "--dest-tls-verify=false", "--dest-creds", $"{login.User}:{login.Password}", image.Reference, $"docker://{Host}/team/{login.Kind.Replace(' ', '-')}:1");
            if (login.Everything) push.Succeeded();
            else push.Denied();
        }
    }

    [Fact]
    public async Task A_credential_that_is_not_right_signs_nobody_in()
    {
        foreach (var login in Logins)
        {
            // As long as the right one, and the last character alone is another.
            var wrong = login with { Password = login.Password[..^2] + (login.Password[^2] == 'A' ? "B" : "A") + login.Password[^1] };
            (await Fixture.RunAsync("skopeo", "inspect", "--raw", "--tls-verify=false", "--creds", $"{wrong.User}:{wrong.Password}", $"docker://{Host}/team/app:1.0.0")).Refused();
        }

        var stranger = Fixture.Issuer.Token("repo:team/app:ref:refs/heads/other");
        (await Fixture.RunAsync("skopeo", "inspect", "--raw", "--tls-verify=false", "--creds", $"{Logins[^1].User}:{stranger}", $"docker://{Host}/team/app:1.0.0")).Refused();
    }

    private static async Task ExpectAsync(LoginClient client, Login login)
    {
        (await client.PullAsync(login, client.Repository("team"))).Succeeded();
        var secret = await client.PullAsync(login, client.Repository("secret"));
        if (login.Everything) secret.Succeeded();
        else secret.Denied();
    }

    private async Task PushImageAsync(string repository)
    {
        var image = ImageLayout.Small(NewFolder("layout"), repository);
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--dest-tls-verify=false", image.Reference, $"docker://{Host}/{repository}:1.0.0")).Succeeded();
    }

    /// <summary>A chart is what helm packs: a file of that form, in a manifest of its own types, pushed without helm so that a laptop needs none.</summary>
    private async Task PushChartsAsync()
    {
        foreach (var repository in (string[])["team/chart", "secret/chart"]) await Chart.PushAsync(Client, repository);
    }
}
