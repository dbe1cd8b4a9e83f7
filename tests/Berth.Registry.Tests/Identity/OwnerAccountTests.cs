using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Berth.Metadata.Tests.Sqlite.Faults;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Registry.Tests.Identity;

public sealed class OwnerAccountTests
{
    [Fact]
    public async Task A_password_that_was_changed_in_the_environment_replaces_the_old_one_once_settled()
    {
        await using var host = await RegistryHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, RegistryHost.Password));

        var restarted = new OwnerAccount(host.Metadata, NullLogger<OwnerAccount>.Instance);
        Assert.Null(await restarted.EnsureAsync("another password", CancellationToken.None));
        await restarted.SettleAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(host, RegistryHost.Password));
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "another password"));
    }

    [Fact]
    public async Task A_sign_in_beside_the_change_is_judged_by_the_new_password()
    {
        await using var host = await RegistryHost.StartAsync();
        var owner = host.Services.GetRequiredService<OwnerAccount>();
        await owner.EnsureAsync("another password", CancellationToken.None);

        // The first sign-in begins to settle; both are checked beside it.
        var old = SignInAsync(host, RegistryHost.Password);
        var changed = SignInAsync(host, "another password");

        Assert.Equal(HttpStatusCode.Unauthorized, await old);
        Assert.Equal(HttpStatusCode.OK, await changed);
    }

    [Fact]
    public async Task A_change_that_could_not_be_stored_is_tried_again_by_the_next_sign_in()
    {
        var volume = new FaultyVolume();
        await using var host = await RegistryHost.StartAsync(volume: volume);
        await host.Services.GetRequiredService<OwnerAccount>().EnsureAsync("another password", CancellationToken.None);

        volume.RunFullAfter(0);
        var unstored = await SignInAsync(host, "another password");
        volume.MakeRoom();

        Assert.Equal(HttpStatusCode.InsufficientStorage, unstored);
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "another password"));
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(host, RegistryHost.Password));
    }

    [Fact]
    public async Task The_same_password_changes_nothing()
    {
        await using var host = await RegistryHost.StartAsync();
        var before = await host.Metadata.FindPrincipalAsync(OwnerAccount.Name, CancellationToken.None);

        var restarted = new OwnerAccount(host.Metadata, NullLogger<OwnerAccount>.Instance);
        await restarted.EnsureAsync(RegistryHost.Password, CancellationToken.None);
        await restarted.SettleAsync();

        Assert.Equal(before, await host.Metadata.FindPrincipalAsync(OwnerAccount.Name, CancellationToken.None));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public async Task What_cannot_be_a_password_is_refused_before_anything_is_served(string password)
    {
        await using var host = await RegistryHost.StartAsync();
        var restarted = new OwnerAccount(host.Metadata, NullLogger<OwnerAccount>.Instance);
        await Assert.ThrowsAsync<ArgumentException>(() => restarted.EnsureAsync(password, CancellationToken.None));
    }

    private static async Task<HttpStatusCode> SignInAsync(RegistryHost host, string password)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/");
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{OwnerAccount.Name}:{password}")));
        using var answer = await host.Client.SendAsync(request);
        return answer.StatusCode;
    }
}
