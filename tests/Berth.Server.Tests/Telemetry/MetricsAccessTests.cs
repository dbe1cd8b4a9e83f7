using System.Net;
using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Server.Configuration;
using Berth.Server.Hosting;
using Berth.Server.Tests.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Server.Tests.Telemetry;

/// <summary>A real server with a user beside the owner, who has no rights.</summary>
public sealed class ServerWithBob : IAsyncLifetime
{
    public const string BobsPassword = "bob's own";

    private readonly TemporaryFolder _folder = new();

    internal ServerRun Run { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await using (var stores = new Stores(new ServerOptions { Data = _folder.Data }, TimeProvider.System, NullLoggerFactory.Instance))
        {
            await stores.LockAsync("berth serve", CancellationToken.None);
            await stores.OpenAsync(CancellationToken.None);
            await stores.Metadata.SetPasswordAsync("bob", PasswordHash.Create(BobsPassword), Caller.System, CancellationToken.None);
        }

        Run = await ServerRun.StartAsync(_folder.Data);
    }

    public async ValueTask DisposeAsync()
    {
        await Run.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>Metrics asked for by callers that are not on the registry's machine, as a proxy passes them on.</summary>
public sealed class MetricsAccessTests(ServerWithBob server) : IClassFixture<ServerWithBob>, IDisposable
{
    private readonly HttpClient _client = ServerRun.Client();

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData("owner:a wrong one")]
    [InlineData("nobody:at all")]
    public async Task Without_a_good_credential_they_are_answered_with_a_challenge(string? credential)
    {
        using var answer = await AskAsync(credential);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("Basic realm=\"Berth\"", answer.Headers.WwwAuthenticate.ToString());
        Assert.Contains("UNAUTHORIZED", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_without_the_right_is_denied()
    {
        using var answer = await AskAsync($"bob:{ServerWithBob.BobsPassword}");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains("may not read the metrics", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_owner_reads_them()
    {
        using var answer = await AskAsync($"owner:{ServerRun.Password}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("berth_repositories", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> AskAsync(string? credential)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Run.Http, "/metrics"));
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", "203.0.113.9");
        if (credential is not null) request.Headers.TryAddWithoutValidation("Authorization", "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(credential)));
        return await _client.SendAsync(request);
    }
}
