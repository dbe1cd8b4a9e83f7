using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Berth.Registry.Identity.Authorization;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity.Matrix;

/// <summary>A registry with content to protect: a private and a public repository, an open upload session, a second registry; and callers of every kind.</summary>
internal sealed class MatrixHost : IAsyncDisposable
{
    public const string Private = "team/app";
    public const string Public = "public/tool";
    public const string Secret = "a secret that is long and random";
    public const string OtherHost = "other1.berth.localhost";

    private MatrixHost(RegistryHost host) => Host = host;

    public RegistryHost Host { get; }

    public string Upload { get; private set; } = "";

    public IReadOnlyList<DataProbe> Probes => DataProbe.All(Private, Upload);

    public static async Task<MatrixHost> StartAsync(RoleAssignmentMode mode = RoleAssignmentMode.LegacyRegistryPermissions)
    {
        var host = await RegistryHost.StartAsync();
        await host.UseModeAsync(mode);
        foreach (var repository in new[] { Private, Public })
        {
            foreach (var blob in new[] { DataProbe.Used, DataProbe.Free }) Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(repository, blob));
            Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(repository, "1", RegistryClientExtensions.Image(DataProbe.Used)));
        }

        using var report = new StringContent("""{"digests":[]}""", Encoding.UTF8, "application/json");
        using var reported = await host.Client.PutAsync(new Uri("/berth/v1/workloads/web", UriKind.Relative), report);
        Assert.Equal(HttpStatusCode.Created, reported.StatusCode);
        var made = await host.Metadata.CreateRegistryAsync(new NewRegistry("other1", "subscription", "default", "local", "Premium"), Caller.System, CancellationToken.None);
        Assert.Equal(CreateOutcome.Created, made.Outcome);
        var local = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        var rule = new TagRule("kept", new RulePattern("*"), new RulePattern("kept-*"), [], IsDeletable: false);
        Assert.Equal(CreateOutcome.Created, (await host.Metadata.PutTagRuleAsync(local!.Id, rule, Caller.System, CancellationToken.None)).Outcome);
        return new MatrixHost(host) { Upload = await BeginUploadAsync(host.Client) };
    }

    /// <summary>Opens a session in the private repository and sends a first chunk; the result is its id.</summary>
    public static async Task<string> BeginUploadAsync(HttpClient client)
    {
        using var start = await client.PostAsync(new Uri($"/v2/{Private}/blobs/uploads/", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Accepted, start.StatusCode);
        using var patch = await client.PatchAsync(start.Headers.Location, new ByteArrayContent("first "u8.ToArray()));
        Assert.Equal(HttpStatusCode.Accepted, patch.StatusCode);
        return start.Headers.GetValues("Docker-Upload-UUID").Single();
    }

    /// <summary>A service principal with a secret, and a built-in role at the scope, or none.</summary>
    public async Task<PrincipalRecord> MakePrincipalAsync(string? role = null, ResourceScope? scope = null, string? condition = null)
    {
        var id = Guid.NewGuid().ToString();
        var made = await Host.Metadata.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.ServicePrincipal, id, role ?? "nobody", ClientId: id), Caller.System, CancellationToken.None);
        await AddSecretAsync(made.Record!.Id);
        if (role is null) return made.Record;
        var registry = await Host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        var assignment = new RoleAssignmentRecord(Guid.NewGuid().ToString(), scope ?? registry!.Scope, BuiltInRoles.Find(role)!.Id.ToString(), made.Record.Id)
        {
            Condition = condition,
            ConditionVersion = condition is null ? null : RoleCondition.Version,
        };
        Assert.Equal(CreateOutcome.Created, (await Host.Metadata.PutRoleAssignmentAsync(assignment, Caller.System, CancellationToken.None)).Outcome);
        return made.Record;
    }

    /// <summary>A token of a registry that may do what the lines say.</summary>
    public async Task<PrincipalRecord> MakeTokenAsync(string registryName, string name, params string[] actions)
    {
        var registry = await Host.Metadata.FindRegistryAsync(registryName, CancellationToken.None);
        await Host.Metadata.PutScopeMapAsync(new ScopeMapRecord(registry!.Id, name, "", actions, SystemDefined: false), Caller.System, CancellationToken.None);
        var token = await Host.Metadata.PutTokenAsync(registry.Id, name, name, enabled: true, Caller.System, CancellationToken.None);
        await AddSecretAsync(token.Record!.Principal.Id);
        return token.Record.Principal;
    }

    public HttpClient BasicOf(PrincipalRecord principal) => Host.ClientOf(principal.Name[(principal.Name.IndexOf('/', StringComparison.Ordinal) + 1)..], Secret);

    /// <summary>A registry token of the client's principal for the scopes.</summary>
    public static async Task<string> TokenAsync(HttpClient client, string? registryHost, params string[] scopes)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/oauth2/token?{string.Join('&', scopes.Select(s => $"scope={s}"))}", UriKind.Relative));
        if (registryHost is not null) request.Headers.Host = registryHost;
        using var answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return body.RootElement.GetProperty("access_token").GetString()!;
    }

    /// <summary>A client with an access token of the authority for an audience.</summary>
    public async Task<HttpClient> ControlOfAsync(PrincipalRecord principal, string audience = "https://arm.berth.localhost") => Host.BearerOf(
        await Host.Services.GetRequiredService<AuthorityTokens>().IssueAsync(principal, audience, null, CancellationToken.None));

    /// <summary>All that a request could have changed: the ledger's length, tags, manifests, blobs, open sessions, and who may pull without a credential.</summary>
    public async Task<string> StateAsync()
    {
        var text = new StringBuilder($"ledger {await LedgerEndAsync()}\n");
        foreach (var path in new[]
        {
            "/v2/_catalog", "/acr/v1/_catalog", "/v2/_uploads", $"/v2/{Private}/tags/list", $"/acr/v1/{Private}/_tags", $"/v2/{Public}/tags/list", $"/v2/{Private}/manifests/1",
            "/berth/v1/workloads", "/berth/v1/tag-rules", "/berth/v1/quarantine/digests", "/berth/v1/quarantine/repositories",
        })
            text.Append(path).Append(' ').AppendLine(await Host.Client.GetStringAsync(new Uri(path, UriKind.Relative)));
        foreach (var blob in new[] { DataProbe.Used, DataProbe.Free, DataProbe.New, [.. "first "u8, .. DataProbe.New] })
            text.Append(await Host.Client.HeadBlobAsync(Private, DataProbe.DigestOf(blob))).Append(' ');
        using var status = await Host.Client.GetAsync(new Uri($"/v2/{Private}/blobs/uploads/{Upload}", UriKind.Relative));
        return text.Append(status.StatusCode).Append(' ').AppendJoin(',', status.Headers.TryGetValues("Range", out var range) ? range : []).ToString();
    }

    public async Task<long> LedgerEndAsync()
    {
        long end = 0;
        while (await Host.Metadata.ReadLedgerAsync(end, 500, CancellationToken.None) is { Count: > 0 } page) end = page[^1].Number;
        return end;
    }

    public async Task OpenToAnybodyAsync(string repository)
    {
        var registry = await Host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        Assert.True(RepositoryName.TryParse(repository, out var name));
        await Host.Metadata.SetAnonymousPullAsync(registry!.Id, name, enabled: true, Caller.System, CancellationToken.None);
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    private async Task AddSecretAsync(long principalId) => await Host.Metadata.PutCredentialAsync(
        principalId,
        new CredentialRecord(Guid.NewGuid().ToString(), CredentialKind.Secret, Host.Time.GetUtcNow()) { SecretHash = SHA256.HashData(Encoding.UTF8.GetBytes(Secret)) },
        Caller.System, CancellationToken.None);
}
