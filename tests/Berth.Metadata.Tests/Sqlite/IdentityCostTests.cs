using Berth.Metadata.Sqlite;
using Berth.Metadata.Sqlite.Engine;

namespace Berth.Metadata.Tests.Sqlite;

/// <summary>What the questions of a request about identity cost: counted in instructions, with few rows and with very many.</summary>
public sealed class IdentityCostTests
{
    private static readonly ResourceScope Local = ResourceScope.OfRegistry("subscription", "default", "local");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fifty_thousand_tokens_and_scope_maps_and_ten_thousand_assignments_leave_each_look_up_flat()
    {
        var few = await CostsAsync(tokens: 20, assignments: 400);
        var many = await CostsAsync(tokens: 50_000, assignments: 10_000);

        // Two levels more of an index are a few comparisons each.
        foreach (var (name, cost) in many) Assert.True(cost <= few[name] * 5 / 4, $"{name}: {few[name]} instructions with few rows, {cost} with many");
        Assert.Equal(few.Count, many.Count);
    }

    [Fact]
    public async Task Rights_are_read_in_one_statement_whose_work_is_what_was_asked_for()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        Fill(folder, tokens: 100, assignments: 1000);

        var before = ((SqliteDatabase)store.Database).ReaderSteps;
        var granted = await store.FindGrantedRolesAsync([1, 2, 3], Local.SelfAndAbove(), Token);

        Assert.Equal(3, granted.Count);
        Assert.Equal(granted.Count + 1, ((SqliteDatabase)store.Database).ReaderSteps - before);
    }

    [Fact]
    public async Task A_token_is_read_in_one_statement()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        Fill(folder, tokens: 100, assignments: 10);

        var before = ((SqliteDatabase)store.Database).ReaderSteps;
        var found = await store.FindTokenAsync(1, "token-000050", Token);

        Assert.Equal(2, found!.Credentials.Count);
        Assert.Equal(3, ((SqliteDatabase)store.Database).ReaderSteps - before);
    }

    private static async Task<Dictionary<string, long>> CostsAsync(int tokens, int assignments)
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        Fill(folder, tokens, assignments);
        var costs = new Dictionary<string, long>();
        await MeasureAsync("token", () => store.FindTokenAsync(1, "token-000010", Token));
        await MeasureAsync("token in any case", () => store.FindTokenInAnyCaseAsync(1, "TOKEN-000010", Token));
        await MeasureAsync("scope map", () => store.FindScopeMapAsync(1, "map-000010", Token));
        await MeasureAsync("tokens", () => store.ListTokensAsync(1, "token-000005", 10, Token));
        await MeasureAsync("scope maps", () => store.ListScopeMapsAsync(1, "map-000005", 10, Token));
        await MeasureAsync("principals", () => store.ListPrincipalsAsync(PrincipalKind.RegistryToken, "local/token-000005", 10, Token));
        await MeasureAsync("name", () => store.FindPrincipalAsync("local/token-000010", Token));
        await MeasureAsync("client id", () => store.FindPrincipalByClientIdAsync("client-000010", Token));
        await MeasureAsync("object id", () => store.FindPrincipalByObjectIdAsync("object-000010", Token));
        await MeasureAsync("credentials", () => store.ListCredentialsAsync(10, Token));
        await MeasureAsync("groups", () => store.ListGroupsAsync(10, Token));
        await MeasureAsync("epochs", () => store.ReadEpochsAsync(10, 1, Token));
        await MeasureAsync("granted", () => store.FindGrantedRolesAsync([10, 11], Local.SelfAndAbove(), Token));
        await MeasureAsync("assignment", () => store.FindRoleAssignmentAsync("assignment-000010", Token));
        await MeasureAsync("assignments here", () => store.ListRoleAssignmentsAsync(Local, ScopeReach.Exact, null, 10, Token));
        await MeasureAsync("assignments above", () => store.ListRoleAssignmentsAsync(Local, ScopeReach.AtOrAbove, null, 10, Token));
        await MeasureAsync("assignments below", () => store.ListRoleAssignmentsAsync(ResourceScope.Root, ScopeReach.AtOrBelow, null, 10, Token));
        await MeasureAsync("assignments of", () => store.ListRoleAssignmentsOfAsync(10, null, 10, Token));
        await MeasureAsync("anonymous", () => store.ReadAnonymousAccessAsync(1, StoreFolder.App, Token));
        return costs;

        async Task MeasureAsync<T>(string name, Func<ValueTask<T>> read)
        {
            await read();
            var before = ((SqliteDatabase)store.Database).ReaderInstructions;
            await read();
            costs.Add(name, ((SqliteDatabase)store.Database).ReaderInstructions - before);
        }
    }

    /// <summary>Writes the rows directly: through the store they would take minutes. Each of the first principals has one role at the registry.</summary>
    private static void Fill(StoreFolder folder, int tokens, int assignments)
    {
        using var session = SessionPragmas.OpenWriter(folder.Options);
        session.RunScript($"""
            BEGIN;
            CREATE TEMP TABLE numbers AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {tokens})
                SELECT i, printf('%06d', i) AS name FROM n;
            INSERT INTO principals (id, object_id, kind, name, display_name, client_id, registry_id, enabled, epoch, created_at, updated_at)
                SELECT i, 'object-' || name, 'registryToken', 'local/token-' || name, name, 'client-' || name, 1, 1, 1, 0, 0 FROM numbers;
            INSERT INTO credentials (principal_id, key_id, kind, slot, secret_hash, created_at)
                SELECT i, 'key-' || slot, 1, 'password' || slot, x'01', 0 FROM numbers, (SELECT 1 AS slot UNION ALL SELECT 2);
            INSERT INTO scope_maps (id, registry_id, name, description, actions, system_defined, created_at, updated_at)
                SELECT i, 1, 'map-' || name, '', '["repositories/app/content/read"]', 0, 0, 0 FROM numbers;
            INSERT INTO registry_tokens (principal_id, registry_id, name, scope_map_id, created_at) SELECT i, 1, 'token-' || name, i, 0 FROM numbers;
            INSERT INTO role_assignments (id, scope, role_definition_id, principal_id, principal_kind, created_at, created_by, updated_at, updated_by)
                SELECT 'assignment-' || printf('%06d', n.i * 1000 + p.i), '{Local}' || CASE WHEN n.i = 1 THEN '' ELSE '/' || n.i END, 'role', p.i, 'registryToken', 0, '', 0, ''
                FROM numbers p, numbers n WHERE p.i <= 20 AND n.i <= {assignments / 20};
            DROP TABLE numbers;
            COMMIT;
            """);
    }
}
