using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity;

/// <summary>Who may do what in a registry, as a client sees it: roles, groups, scope maps, admin users, anonymous pull, and their end.</summary>
public sealed class AccessTests
{
    private static readonly byte[] Blob = "a layer"u8.ToArray();

    [Fact]
    public async Task A_right_is_gone_with_its_assignment_for_tokens_that_are_out_too()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team-a/app");
        using var ann = await host.SignedInAsync("ann@example.test");
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(ann, "team-a/app"));

        var assignment = await host.AssignAsync("ann@example.test", "AcrPull");
        Assert.Equal(HttpStatusCode.OK, await GetAsync(ann, "team-a/app"));
        using var withToken = host.BearerOf(await TokenAsync(ann, "repository:team-a/app:pull,push"));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(withToken, "team-a/app"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await withToken.PostAsync(new Uri("/v2/team-a/app/blobs/uploads/", UriKind.Relative), null)).StatusCode);

        await host.Metadata.DeleteRoleAssignmentAsync(assignment, Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(ann, "team-a/app"));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(withToken, "team-a/app"));
    }

    // Each is the first request after the right is gone: by it the server learns of that.
    [Theory]
    [InlineData("POST", "", null)]
    [InlineData("POST", "?digest={blob}", "a layer")]
    [InlineData("POST", "?mount={blob}&from=team-b/app", null)]
    [InlineData("PATCH", "{session}", "a layer")]
    [InlineData("PUT", "{session}?digest={blob}", "a layer")]
    [InlineData("PUT", "{begun}?digest={blob}", null)]
    public async Task A_push_ends_where_its_right_is_taken_and_leaves_nothing_behind(string method, string target, string? body)
    {
        foreach (var byToken in (bool[])[true, false])
        {
            await using var host = await RegistryHost.StartAsync();
            using var ann = await host.SignedInAsync("ann@example.test");
            var row = (await host.Metadata.FindPrincipalAsync("ann@example.test", CancellationToken.None))!;
            var assignment = await host.AssignAsync("ann@example.test", "AcrPush");
            using var client = byToken ? host.BearerOf(await TokenAsync(ann, "repository:team-a/app:pull,push")) : await host.SignedInAsync("ann@example.test");

            // Known by now as of the epochs that stand.
            var session = await OpenAsync();
            var begun = await OpenAsync();
            Assert.Equal(HttpStatusCode.Accepted, await SendAsync("PATCH", begun, "a layer"));
            var place = target.Length == 0 || target[0] == '?' ? $"/v2/team-a/app/blobs/uploads/{target}" : target;
            place = place.Replace("{session}", session, StringComparison.Ordinal).Replace("{begun}", begun, StringComparison.Ordinal)
                .Replace("{blob}", Digest.Compute(DigestAlgorithm.Sha256, Blob).ToString(), StringComparison.Ordinal);

            await host.Metadata.DeleteRoleAssignmentAsync(assignment, Caller.System, CancellationToken.None);
            Assert.Equal(byToken ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden, await SendAsync(method, place, body));
            Assert.Equal(2, await host.Metadata.CountUploadsAsync(1, row.Id, CancellationToken.None));
            Assert.Null(await host.Metadata.FindStoredBlobAsync(Digest.Compute(DigestAlgorithm.Sha256, Blob), CancellationToken.None));

            // What was begun is as it was.
            assignment = await host.AssignAsync("ann@example.test", "AcrPush");
            Assert.Equal(HttpStatusCode.Created, await SendAsync("PUT", $"{begun}?digest={Digest.Compute(DigestAlgorithm.Sha256, Blob)}", null));
            Assert.Equal(HttpStatusCode.Created, await SendAsync("PUT", $"{session}?digest={Digest.Compute(DigestAlgorithm.Sha256, Blob)}", "a layer"));
            session = await OpenAsync();
            Assert.Equal(HttpStatusCode.Created, await SendAsync("PUT", $"{session}?digest={Digest.Compute(DigestAlgorithm.Sha256, Blob)}", "a layer"));

            await host.Metadata.UpdatePrincipalAsync(row.Id, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);
            Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(method, place, body));
            Assert.Equal(0, await host.Metadata.CountUploadsAsync(1, row.Id, CancellationToken.None));

            async Task<string> OpenAsync()
            {
                using var answer = await client.PostAsync(new Uri("/v2/team-a/app/blobs/uploads/", UriKind.Relative), null);
                Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
                return answer.Headers.Location!.ToString();
            }

            async Task<HttpStatusCode> SendAsync(string verb, string path, string? bytes)
            {
                using var request = new HttpRequestMessage(new HttpMethod(verb), new Uri(path, UriKind.Relative)) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(bytes ?? "")) };
                using var answer = await client.SendAsync(request);
                return answer.StatusCode;
            }
        }
    }

    [Fact]
    public async Task A_disabled_principal_and_a_changed_password_end_tokens_and_remembered_passwords()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team-a/app");
        using var ann = await host.SignedInAsync("ann@example.test");
        await host.AssignAsync("ann@example.test", "AcrPull");
        using var withToken = host.BearerOf(await TokenAsync(ann, "repository:team-a/app:pull"));
        var row = await host.Metadata.FindPrincipalAsync("ann@example.test", CancellationToken.None);

        await host.Metadata.UpdatePrincipalAsync(row!.Id, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(ann, "team-a/app"));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(withToken, "team-a/app"));

        await host.Metadata.UpdatePrincipalAsync(row.Id, new PrincipalChanges(Enabled: true), Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(ann, "team-a/app"));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(withToken, "team-a/app"));

        await host.Metadata.SetPasswordAsync("ann@example.test", QuickHash.Of("another password"), Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(ann, "team-a/app"));
    }

    [Fact]
    public async Task A_role_of_a_group_is_its_members_until_they_leave()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team-a/app");
        using var ann = await host.SignedInAsync("ann@example.test");
        var row = await host.Metadata.FindPrincipalAsync("ann@example.test", CancellationToken.None);
        var group = (await host.Metadata.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.Group, "pullers", "pullers"), Caller.System, CancellationToken.None)).Record!;
        await host.AssignAsync("pullers", "AcrPull");
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(ann, "team-a/app"));

        await host.Metadata.AddMemberAsync(group.Id, row!.Id, Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(ann, "team-a/app"));

        await host.Metadata.RemoveMemberAsync(group.Id, row.Id, Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(ann, "team-a/app"));
    }

    [Fact]
    public async Task A_service_principal_signs_in_with_its_secret_until_that_expires()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team-a/app");
        var clientId = Guid.NewGuid().ToString();
        var record = (await host.Metadata.CreatePrincipalAsync(
            new NewPrincipal(PrincipalKind.ServicePrincipal, clientId, "builder", ClientId: clientId), Caller.System, CancellationToken.None)).Record!;
        await AddSecretAsync(host, record.Id, "the secret of it", host.Time.GetUtcNow().AddMinutes(10));
        await host.AssignAsync(clientId, "AcrPush");

        using var client = host.ClientOf(clientId, "the secret of it");
        using var wrong = host.ClientOf(clientId, "another secret");
        Assert.Equal(HttpStatusCode.OK, await GetAsync(client, "team-a/app"));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(wrong, "team-a/app"));

        host.Time.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(client, "team-a/app"));
    }

    [Fact]
    public async Task A_token_does_what_its_scope_map_says_in_its_registry_alone()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var repository in new[] { "team-a/app", "team-b/app" }) await PushAsync(host, repository);
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        await host.Metadata.PutScopeMapAsync(
            new ScopeMapRecord(registry!.Id, "team-a", "", ["repositories/team-a/*/content/read"], SystemDefined: false), Caller.System, CancellationToken.None);
        var token = (await host.Metadata.PutTokenAsync(registry.Id, "reader", "team-a", enabled: true, Caller.System, CancellationToken.None)).Record!;
        await AddSecretAsync(host, token.Principal.Id, "the token's password", null);
        await MakeRegistryAsync(host, "other1");

        using var client = host.ClientOf("reader", "the token's password");
        Assert.Equal(HttpStatusCode.OK, await GetAsync(client, "team-a/app"));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(client, "team-b/app"));
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(new Uri("/v2/_catalog", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.SendAsync(At("other1", "/v2/"))).StatusCode);

        using var bearer = host.BearerOf(await TokenAsync(client, "repository:team-a/app:pull"));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(bearer, "team-a/app"));
        await host.Metadata.PutTokenAsync(registry.Id, "reader", "team-a", enabled: false, Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(client, "team-a/app"));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(bearer, "team-a/app"));
    }

    [Fact]
    public async Task The_admin_user_is_named_as_the_registry_and_counts_while_it_is_on()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team-a/app");
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        var admin = (await host.Metadata.CreatePrincipalAsync(
            new NewPrincipal(PrincipalKind.AdminUser, AdminUser.Name, "local", RegistryId: registry!.Id), Caller.System, CancellationToken.None)).Record!;
        await AddSecretAsync(host, admin.Id, "the admin password", null);
        using var client = host.ClientOf("local", "the admin password");
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(client, "team-a/app"));

        await host.Metadata.UpdateRegistryAsync(registry.Id, new RegistryChanges(AdminUserEnabled: true), Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(client, "team-a/app"));
        using var bearer = host.BearerOf(await TokenAsync(client, "repository:team-a/app:pull"));

        await host.Metadata.UpdateRegistryAsync(registry.Id, new RegistryChanges(AdminUserEnabled: false), Caller.System, CancellationToken.None);
        Assert.NotEqual(HttpStatusCode.OK, await GetAsync(client, "team-a/app"));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(bearer, "team-a/app"));
    }

    [Fact]
    public async Task Anybody_pulls_where_that_is_allowed_and_private_repositories_look_like_absent_ones()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var repository in new[] { "public/tool", "secret/plan" }) await PushAsync(host, repository);
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        using var anybody = host.WithoutCredential();
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(anybody, "public/tool"));

        Assert.True(RepositoryName.TryParse("public/tool", out var name));
        await host.Metadata.SetAnonymousPullAsync(registry!.Id, name, enabled: true, Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(anybody, "public/tool"));
        Assert.Equal(await AnswerAsync(anybody, "secret/plan"), await AnswerAsync(anybody, "absent/plan"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await anybody.PostAsync(new Uri("/v2/public/tool/blobs/uploads/", UriKind.Relative), null)).StatusCode);
        using var bearer = host.BearerOf(await TokenAsync(anybody, "repository:public/tool:pull,push"));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(bearer, "public/tool"));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(bearer, "secret/plan"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await anybody.GetAsync(new Uri("/oauth2/token?scope=repository:secret/plan:pull", UriKind.Relative))).StatusCode);
        using var wrong = host.ClientOf("owner", "a wrong password");
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(wrong, "public/tool"));
        using var bob = await host.SignedInAsync("bob@example.test");
        Assert.Equal(HttpStatusCode.OK, await GetAsync(bob, "public/tool"));
        Assert.Equal(await AnswerAsync(bob, "secret/plan"), await AnswerAsync(bob, "absent/plan"));

        await host.Metadata.SetAnonymousPullAsync(registry.Id, name, enabled: false, Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(bearer, "public/tool"));
        await host.Metadata.UpdateRegistryAsync(registry.Id, new RegistryChanges(AnonymousPullEnabled: true), Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(anybody, "secret/plan"));
    }

    [Fact]
    public async Task A_token_of_the_authority_is_exchanged_for_the_null_guids_password()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team-a/app");
        var authority = host.Services.GetRequiredService<AuthorityTokens>();
        var owner = await host.Metadata.FindPrincipalAsync("owner", CancellationToken.None);
        var graph = await authority.IssueAsync(owner!, "https://graph.berth.localhost", null, CancellationToken.None);
        var arm = await authority.IssueAsync(owner!, "https://arm.berth.localhost", null, CancellationToken.None);

        Assert.Equal(HttpStatusCode.Unauthorized, (await ExchangeAsync(host, graph)).Status);
        var (status, refresh) = await ExchangeAsync(host, arm);
        Assert.Equal(HttpStatusCode.OK, status);
        using var client = host.ClientOf(SecretCredentials.RefreshTokenUser, refresh!);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(client, "team-a/app"));
        using var asBearer = host.BearerOf(refresh!);
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(asBearer, "team-a/app"));
        using var armAsBearer = host.BearerOf(arm);
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(armAsBearer, "team-a/app"));

        using var form = new FormUrlEncodedContent(
            [new("grant_type", "refresh_token"), new("refresh_token", refresh), new("scope", "repository:team-a/app:pull")]);
        using var answer = await host.WithoutCredential().PostAsync(new Uri("/oauth2/token", UriKind.Relative), form);
        using var bearer = host.BearerOf(JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("access_token").GetString()!);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(bearer, "team-a/app"));
    }

    private static async Task<(HttpStatusCode Status, string? Token)> ExchangeAsync(RegistryHost host, string token)
    {
        using var form = new FormUrlEncodedContent([new("grant_type", "access_token"), new("access_token", token)]);
        using var client = host.WithoutCredential();
        using var answer = await client.PostAsync(new Uri("/oauth2/exchange", UriKind.Relative), form);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return (answer.StatusCode, body.RootElement.TryGetProperty("refresh_token", out var refresh) ? refresh.GetString() : null);
    }

    private static async Task MakeRegistryAsync(RegistryHost host, string name)
    {
        var made = await host.Metadata.CreateRegistryAsync(new NewRegistry(name, "subscription", "default", "local", "Premium"), Caller.System, CancellationToken.None);
        Assert.Equal(CreateOutcome.Created, made.Outcome);
    }

    private static async Task AddSecretAsync(RegistryHost host, long principalId, string secret, DateTimeOffset? end) => await host.Metadata.PutCredentialAsync(
        principalId,
        new CredentialRecord(Guid.NewGuid().ToString(), CredentialKind.Secret, host.Time.GetUtcNow()) { SecretHash = SHA256.HashData(Encoding.UTF8.GetBytes(secret)), ExpiresAt = end },
        Caller.System, CancellationToken.None);

    private static async Task PushAsync(RegistryHost host, string repository)
    {
        await host.Client.PushBlobAsync(repository, Blob);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(repository, "1", RegistryClientExtensions.Image(Blob)));
    }

    private static async Task<HttpStatusCode> GetAsync(HttpClient client, string repository)
    {
        using var answer = await client.GetAsync(new Uri($"/v2/{repository}/manifests/1", UriKind.Relative));
        return answer.StatusCode;
    }

    private static async Task<(HttpStatusCode, string, string)> AnswerAsync(HttpClient client, string repository)
    {
        using var answer = await client.GetAsync(new Uri($"/v2/{repository}/manifests/1", UriKind.Relative));
        var body = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, body.Replace(repository, "R", StringComparison.Ordinal), answer.Headers.WwwAuthenticate.ToString().Replace(repository, "R", StringComparison.Ordinal));
    }

    private static async Task<string> TokenAsync(HttpClient client, string scope)
    {
        using var answer = await client.GetAsync(new Uri($"/oauth2/token?scope={scope}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return body.RootElement.GetProperty("access_token").GetString()!;
    }

    private static HttpRequestMessage At(string registry, string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.Host = $"{registry}.berth.localhost";
        return request;
    }
}
