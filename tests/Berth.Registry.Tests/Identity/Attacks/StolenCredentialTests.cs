using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Identity.Matrix;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity.Attacks;

/// <summary>Tokens that were kept too long or asked for too much, and what refusals tell and record.</summary>
public sealed class StolenCredentialTests
{
    [Theory]
    [InlineData("disabled")]
    [InlineData("secret")]
    [InlineData("registry")]
    public async Task A_refresh_token_that_was_kept_gives_nothing_after_its_principal_changed(string what)
    {
        await using var matrix = await MatrixHost.StartAsync();
        var principal = await matrix.MakePrincipalAsync("AcrPush");
        var access = (await matrix.ControlOfAsync(principal)).DefaultRequestHeaders.Authorization!.Parameter!;
        using var anybody = matrix.Host.WithoutCredential();
        var (status, body) = await PostAsync(anybody, "/oauth2/exchange", null, ("grant_type", "access_token"), ("access_token", access));
        Assert.Equal(HttpStatusCode.OK, status);
        var refresh = body.GetProperty("refresh_token").GetString()!;
        Assert.Equal(HttpStatusCode.OK, (await RefreshAsync(null)).Status);

        var metadata = matrix.Host.Metadata;
        if (what == "disabled") await metadata.UpdatePrincipalAsync(principal.Id, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);
        if (what == "secret") await metadata.RemoveCredentialAsync(principal.Id, (await metadata.ListCredentialsAsync(principal.Id, CancellationToken.None))[0].KeyId, Caller.System, CancellationToken.None);

        Assert.Equal(HttpStatusCode.Unauthorized, (await RefreshAsync(what == "registry" ? MatrixHost.OtherHost : null)).Status);
        if (what != "registry")
            Assert.Equal(HttpStatusCode.Unauthorized, (await PostAsync(anybody, "/oauth2/exchange", null, ("grant_type", "access_token"), ("access_token", access))).Status);

        Task<(HttpStatusCode Status, JsonElement Body)> RefreshAsync(string? host) => PostAsync(
            anybody, "/oauth2/token", host, ("grant_type", "refresh_token"), ("refresh_token", refresh), ("scope", "repository:team/app:pull,push"));
    }

    [Theory]
    [InlineData("repository:*:*")]
    [InlineData("repository:team/*:pull,push,delete")]
    [InlineData("repository:team/app:*")]
    [InlineData("repository:team/app:pull,push,delete,metadata_write")]
    [InlineData("repository:team/app/../secret:pull")]
    [InlineData("registry:catalog:*")]
    [InlineData("registry:*:*")]
    [InlineData("repository(plugin):team/app:push")]
    public async Task Whatever_scope_is_asked_for_a_token_reaches_no_further_than_its_principal(string scope)
    {
        await using var matrix = await MatrixHost.StartAsync();
        using var basic = matrix.BasicOf(await matrix.MakeTokenAsync("local", "reader", "repositories/team/app/content/read"));
        using var answer = await basic.GetAsync(new Uri($"/oauth2/token?scope={Uri.EscapeDataString(scope)}", UriKind.Relative));
        if (answer.StatusCode == HttpStatusCode.BadRequest) return; // refused outright

        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        using var bearer = matrix.Host.BearerOf(body.RootElement.GetProperty("access_token").GetString()!);
        foreach (var probe in matrix.Probes.Where(p => p.Need is not (Need.SignIn or Need.Pull)))
        {
            using var refused = await bearer.SendAsync(probe.Request(real: true));
            Assert.Equal((scope, probe.Name, HttpStatusCode.Unauthorized), (scope, probe.Name, refused.StatusCode));
        }
    }

    [Fact]
    public async Task Every_denial_is_recorded_with_who_what_and_from_where()
    {
        await using var matrix = await MatrixHost.StartAsync();
        var nobody = await matrix.MakePrincipalAsync();
        using var client = matrix.BasicOf(nobody);
        var denied = matrix.Probes.Where(probe => probe.Need != Need.SignIn).ToList();
        foreach (var probe in denied) (await client.SendAsync(probe.Request(real: true))).Dispose();

        var events = await EventsAsync(matrix);
        foreach (var name in denied.Select(probe => probe.Name.Split(' ')[0]).Distinct())
        {
            var found = Assert.Single(events, e => e.Kind == AccessEventKinds.Denied && e.Reason.Split(' ')[0] == name);
            Assert.Equal((nobody.Name, "127.0.0.1"), (found.Actor, found.Address));
            Assert.NotEmpty(found.RequestId!);
        }
    }

    [Fact]
    public async Task A_secret_that_was_sent_stands_in_no_answer_and_in_no_record_and_a_name_breaks_no_line()
    {
        await using var matrix = await MatrixHost.StartAsync();
        const string secret = "Tr0ub4dor-and-3-secrets";
        using var anybody = matrix.Host.WithoutCredential();
        var answers = new StringBuilder();
        foreach (var user in new[] { "owner", "local", "nobody", "eve\r\nadmin signed in", "eve\u0000", Guid.NewGuid().ToString(), SecretCredentials.RefreshTokenUser })
        {
            using var client = matrix.Host.ClientOf(user, secret);
            foreach (var path in new[] { "/v2/", "/oauth2/token?scope=repository:a:pull", "/acr/v1/_catalog" })
            {
                using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
                Assert.Equal((user, path, HttpStatusCode.Unauthorized), (user, path, answer.StatusCode));
                answers.Append(answer.Headers).Append(await answer.Content.ReadAsStringAsync());
            }
        }

        foreach (var grant in new[] { "password", "refresh_token", "client_credentials" })
        {
            var (status, body) = await PostAsync(
                anybody, "/oauth2/token", null, ("grant_type", grant), ("username", "owner"), ("password", secret), ("refresh_token", secret), ("client_secret", secret));
            Assert.InRange((int)status, 400, 401);
            answers.Append(body.GetRawText());
        }

        Assert.DoesNotContain(secret, answers.ToString(), StringComparison.Ordinal);
        foreach (var e in await EventsAsync(matrix))
        {
            Assert.DoesNotContain(secret, $"{e.Actor} {e.Reason}", StringComparison.Ordinal);
            Assert.False($"{e.Actor}{e.Reason}{e.Address}".Any(char.IsControl), $"{e.Actor}: {e.Reason}");
        }
    }

    private static async Task<IReadOnlyList<AccessEvent>> EventsAsync(MatrixHost matrix)
    {
        await matrix.Host.Services.GetRequiredService<AccessLog>().FlushAsync(CancellationToken.None);
        return await matrix.Host.Metadata.ListAccessEventsAsync(1, matrix.Host.Time.GetUtcNow() - TimeSpan.FromHours(1), 1_000, CancellationToken.None);
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(HttpClient client, string path, string? host, params (string Name, string Value)[] form)
    {
        using var content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = content };
        if (host is not null) request.Headers.Host = host;
        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement);
    }
}
