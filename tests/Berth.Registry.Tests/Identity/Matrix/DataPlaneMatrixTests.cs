using System.Net;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Tests.Identity.Matrix;

/// <summary>Every route of the data plane against every kind of caller. The routes are those of the tables; who may what is this test's own list.</summary>
public sealed class DataPlaneMatrixTests
{
    private static readonly string[] Everything =
    [
        "repository:team/app:pull,push,delete,metadata_read,metadata_write,deleted_read,deleted_restore", "repository:team/absent:delete", "registry:catalog:*",
        "registry:deleted_catalog:*", "registry:workloads:*", "registry:tag_rules:*", "registry:quarantine:*", "registry:usage:*", "registry:quotas:*",
        "registry:lifecycle:*", "registry:lifecycle_write:*",
    ];

    private static readonly Need[] OfRepository = [Need.Pull, Need.Push, Need.Delete, Need.ReadMetadata, Need.WriteMetadata];
    private static readonly Need[] OfContributor = [.. OfRepository, Need.ReadDeleted, Need.RestoreDeleted];

    [Fact]
    public void Every_role_of_the_product_has_its_published_definition_here() =>
        Assert.Equal(PublishedRoles.All.Select(role => role.Name).Order(StringComparer.Ordinal), RoleCatalog.BuiltIn.Select(role => role.Name).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(RoleAssignmentMode.LegacyRegistryPermissions)]
    [InlineData(RoleAssignmentMode.AbacRepositoryPermissions)]
    public async Task Each_role_opens_the_routes_that_its_published_actions_give_and_no_other(RoleAssignmentMode mode)
    {
        await using var matrix = await MatrixHost.StartAsync(mode);
        var before = await matrix.StateAsync();
        var setUp = await matrix.LedgerEndAsync();
        foreach (var role in PublishedRoles.All)
        {
            var principal = await matrix.MakePrincipalAsync(role.Name);
            using var basic = matrix.BasicOf(principal);
            await CheckAsync(matrix, $"{role.Name} by secret", basic, need => role.Gives(need, mode), HttpStatusCode.Forbidden);

            // No scope reaches the open uploads: a token is for repositories and the catalog.
            using var bearer = matrix.Host.BearerOf(await MatrixHost.TokenAsync(basic, null, Everything));
            await CheckAsync(matrix, $"{role.Name} by token", bearer, need => need != Need.OpenUploads && role.Gives(need, mode), HttpStatusCode.Unauthorized);
            using var narrow = matrix.Host.BearerOf(await MatrixHost.TokenAsync(basic, null, "repository:team/other:pull,push,delete,metadata_read,metadata_write"));
            await CheckAsync(matrix, $"{role.Name} by another repository's token", narrow, need => need == Need.SignIn, HttpStatusCode.Unauthorized);
            setUp = await matrix.LedgerEndAsync();
        }

        Assert.Equal(WithoutLedger(before), WithoutLedger(await matrix.StateAsync()));
        Assert.Equal(setUp, await matrix.LedgerEndAsync());
    }

    [Fact]
    public async Task A_condition_opens_the_repositories_for_which_it_holds_and_no_other()
    {
        await using var matrix = await MatrixHost.StartAsync(RoleAssignmentMode.AbacRepositoryPermissions);
        foreach (var (prefix, gives) in new[] { ("team/", true), ("team/application", false), ("tea/", false), ("other/", false) })
        {
            var principal = await matrix.MakePrincipalAsync(
                "Container Registry Repository Contributor", null, $"@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWith '{prefix}'");
            using var client = matrix.BasicOf(principal);
            await CheckAsync(matrix, prefix, client, need => need == Need.SignIn || (gives && OfContributor.Contains(need)), HttpStatusCode.Forbidden);
        }
    }

    [Fact]
    public async Task A_repository_token_opens_what_its_scope_map_says_and_nothing_else()
    {
        await using var matrix = await MatrixHost.StartAsync();
        (string Name, string[] Actions, Need[] Gives)[] maps =
        [
            ("reader", ["repositories/team/app/content/read"], [Need.Pull]),
            ("pusher", ["repositories/team/app/content/read", "repositories/team/app/content/write"], [Need.Pull, Need.Push]),
            ("deleter", ["repositories/team/app/content/delete", "repositories/team/absent/content/delete"], [Need.Delete]),
            ("lister", ["repositories/team/app/metadata/read"], [Need.ReadMetadata]),
            ("keeper", ["repositories/team/app/metadata/write"], [Need.WriteMetadata]),
            ("whole-team", [.. AllOf("team/*")], OfRepository),
            ("everything", [.. AllOf("*")], OfRepository),
            ("neighbour", [.. AllOf("team/application"), .. AllOf("tea/*"), .. AllOf("team/app/*")], []),
            ("gateway", ["gateway/edge/config/read"], []),
        ];
        foreach (var (name, actions, gives) in maps)
        {
            using var basic = matrix.BasicOf(await matrix.MakeTokenAsync("local", name, actions));
            await CheckAsync(matrix, name, basic, need => need == Need.SignIn || gives.Contains(need), HttpStatusCode.Forbidden);
            using var bearer = matrix.Host.BearerOf(await MatrixHost.TokenAsync(basic, null, Everything));
            await CheckAsync(matrix, $"{name} by token", bearer, need => need == Need.SignIn || gives.Contains(need), HttpStatusCode.Unauthorized);
        }
    }

    [Fact]
    public async Task Who_is_not_let_in_gets_a_challenge_at_every_route_and_changes_nothing()
    {
        await using var matrix = await MatrixHost.StartAsync();
        await using var elsewhere = await MatrixHost.StartAsync();
        var host = matrix.Host;
        var owner = (await host.Metadata.FindPrincipalAsync(OwnerAccount.Name, CancellationToken.None))!;
        var pusher = await matrix.MakePrincipalAsync("AcrPush");
        var neighbour = await matrix.MakeTokenAsync("other1", "neighbour", [.. AllOf("*")]);
        using var strangersToken = host.BearerOf(await MatrixHost.TokenAsync(elsewhere.Host.Client, null, Everything));
        using var control = await matrix.ControlOfAsync(owner);
        using var atOther = host.BearerOf(await MatrixHost.TokenAsync(host.Client, MatrixHost.OtherHost, Everything));
        using var noScope = host.BearerOf(await MatrixHost.TokenAsync(host.Client, null));
        using var noToken = host.BearerOf("");
        (string Who, HttpClient Client, bool MaySignIn)[] callers =
        [
            ("nobody", host.WithoutCredential(), false),
            ("a wrong password", host.ClientOf(OwnerAccount.Name, "wrong"), false),
            ("a wrong secret", host.ClientOf(pusher.Name, "wrong"), false),
            ("an unknown account", host.ClientOf("whoever@example.test", "wrong"), false),
            ("a token without a scope", noScope, true),
            ("no token at all", noToken, false),
            ("a token of another installation", strangersToken, false),
            ("a token for the control plane", control, false),
            ("a token for another registry", atOther, false),
            ("another registry's token password", matrix.BasicOf(neighbour), false),
            ("the admin user, which is off", host.ClientOf("local", MatrixHost.Secret), false),
        ];
        var before = await matrix.StateAsync();
        foreach (var (who, client, maySignIn) in callers)
        {
            using (client) await CheckAsync(matrix, who, client, need => maySignIn && need == Need.SignIn, HttpStatusCode.Unauthorized);
        }

        Assert.Equal(before, await matrix.StateAsync());
    }

    [Fact]
    public async Task A_token_that_has_ended_opens_nothing()
    {
        await using var matrix = await MatrixHost.StartAsync();
        using var token = matrix.Host.BearerOf(await MatrixHost.TokenAsync(matrix.Host.Client, null, Everything));
        await CheckAsync(matrix, "in time", token, need => need != Need.OpenUploads, HttpStatusCode.Unauthorized);
        matrix.Host.Time.Advance(TimeSpan.FromMinutes(75));
        var before = await matrix.LedgerEndAsync();
        await CheckAsync(matrix, "too late", token, _ => false, HttpStatusCode.Unauthorized);
        Assert.Equal(before, await matrix.LedgerEndAsync());
    }

    private static async Task CheckAsync(MatrixHost matrix, string who, HttpClient client, Func<Need, bool> gives, HttpStatusCode refusal)
    {
        // All at once, as clients do: a credential is then verified once for all of them.
        var answers = await Task.WhenAll(matrix.Probes.Select(async probe =>
        {
            var may = gives(probe.Need);
            using var request = probe.Request(real: !may);
            using var answer = await client.SendAsync(request);
            var isRefused = answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;
            var hasChallenge = answer.Headers.WwwAuthenticate.ToString().StartsWith("Bearer realm=\"", StringComparison.Ordinal);
            var asExpected = may
                ? !isRefused && (int)answer.StatusCode is < 429
                : answer.StatusCode == refusal && hasChallenge == (refusal == HttpStatusCode.Unauthorized);
            return asExpected ? null : $"{who}: {probe.Method} {probe.Name} gave {(int)answer.StatusCode}, but it is {(may ? "allowed" : "not allowed")}";
        }));
        Assert.Equal("", string.Join('\n', answers.OfType<string>()));
    }

    private static IEnumerable<string> AllOf(string repositories) =>
        new[] { "content/read", "content/write", "content/delete", "metadata/read", "metadata/write" }.Select(action => $"repositories/{repositories}/{action}");

    private static string WithoutLedger(string state) => state[state.IndexOf('\n', StringComparison.Ordinal)..];
}
