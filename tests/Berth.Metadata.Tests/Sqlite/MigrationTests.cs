using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Metadata.Tests.Sqlite;

public sealed class MigrationTests
{
    private static readonly Migrator.Migration First = new(1, "0001_first.sql", "CREATE TABLE one (id INTEGER PRIMARY KEY) STRICT;");
    private static readonly Migrator.Migration Second = new(2, "0002_second.sql", "ALTER TABLE one ADD COLUMN more TEXT; CREATE TABLE two (id INTEGER);");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Migrations_run_once_in_order()
    {
        await using var folder = new StoreFolder();
        using var session = SessionPragmas.OpenWriter(folder.Options);

        Assert.Equal(1, Migrator.Migrate(session, TimeProvider.System, [First]));
        Assert.Equal(1, Migrator.Migrate(session, TimeProvider.System, [First, Second]));
        Assert.Equal(0, Migrator.Migrate(session, TimeProvider.System, [First, Second]));
        Assert.Equal("2", session.Run("SELECT count(*) FROM migrations"));
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_nothing_of_its_batch()
    {
        await using var folder = new StoreFolder();
        using var session = SessionPragmas.OpenWriter(folder.Options);

        Assert.Throws<Microsoft.Data.Sqlite.SqliteException>(
            () => Migrator.Migrate(session, TimeProvider.System, [First, Second with { Script = "CREATE TABLE two (id INTEGER); NONSENSE;" }]));

        Assert.False(session.InTransaction);
        Assert.Equal("0", session.Run("SELECT count(*) FROM sqlite_schema WHERE name IN ('one', 'two', 'migrations')"));
    }

    [Fact]
    public async Task A_migration_that_was_changed_after_it_ran_stops_the_start()
    {
        await using var folder = new StoreFolder();
        using var session = SessionPragmas.OpenWriter(folder.Options);
        Migrator.Migrate(session, TimeProvider.System, [First, Second]);

        var error = Assert.Throws<MetadataStartException>(
            () => Migrator.Migrate(session, TimeProvider.System, [First with { Script = First.Script + " " }, Second]));

        Assert.Contains("0001_first.sql", error.Message, StringComparison.Ordinal);
        Assert.False(session.InTransaction);
    }

    [Fact]
    public async Task A_newer_database_stops_the_start()
    {
        await using var folder = new StoreFolder();
        await (await folder.OpenAsync()).DisposeAsync();
        using (var session = SessionPragmas.OpenWriter(folder.Options))
        {
            session.RunScript("INSERT INTO migrations VALUES (9999, '9999_later.sql', 'x', 0)");
        }

        var error = await Assert.ThrowsAsync<MetadataStartException>(() => folder.OpenAsync());

        Assert.Contains("9999_later.sql", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_database_stops_the_start()
    {
        await using var folder = new StoreFolder();
        await File.WriteAllTextAsync(folder.DatabasePath, new string('x', 10_000), TestContext.Current.CancellationToken);

        await Assert.ThrowsAsync<MetadataUnavailableException>(() => folder.OpenAsync());
    }

    [Fact]
    public void The_embedded_migrations_are_numbered_without_gaps()
    {
        var numbers = Migrator.Embedded().Select(migration => migration.Number).ToList();

        Assert.NotEmpty(numbers);
        Assert.Equal(Enumerable.Range(1, numbers.Count), numbers);
    }

    [Fact]
    public async Task A_folder_of_the_first_version_opens_with_all_it_held_and_goes_on()
    {
        await using var folder = new StoreFolder();
        var blob = StoreFolder.Describe("layer");
        var image = StoreFolder.Manifest("image", tags: "v1");
        using (var session = SessionPragmas.OpenWriter(folder.Options))
        {
            Migrator.Migrate(session, TimeProvider.System, [Migrator.Embedded()[0]]);
            session.RunScript(FirstVersion.Rows(blob, image));
        }

        await using var store = await folder.OpenAsync();

        Assert.Equal(image.Bytes, (await store.FindManifestAsync(1, StoreFolder.App, Reference.To(Tag.Parse("v1")), true, Token))!.Bytes);
        Assert.True((await store.FindBlobAsync(1, StoreFolder.App, blob.Digest, Token))!.Referenced);
        var upload = await store.AcquireUploadAsync("open", 0, DateTimeOffset.UtcNow.AddMinutes(1), Token);
        var pushed = StoreFolder.Describe("pushed");
        Assert.True(await store.CompleteUploadAsync(
            upload!, pushed.Digest, pushed.Size, DateTimeOffset.UtcNow.AddDays(1), DateTimeOffset.UtcNow, StoreFolder.Alice, Token));
        await store.PutManifestAsync(StoreFolder.Manifest("next", tags: "v1"), StoreFolder.Alice, Token);
        var deleted = await store.DeleteManifestAsync(1, StoreFolder.App, image.Digest, DateTimeOffset.UtcNow, StoreFolder.Alice, Token);
        Assert.Equal(DeleteOutcome.Deleted, deleted.Outcome);
        Assert.Equal(["v1"], (await store.ListTagsAsync(1, StoreFolder.App, null, 10, Token))!.Items);
        await store.TidyAsync(TimeSpan.FromDays(90), 100, Token);
        Assert.Empty(await store.CheckAsync(Token));
    }

    [Fact]
    public async Task Rows_of_the_first_version_are_locked_quarantined_limited_and_kept_for_by_nothing()
    {
        await using var folder = new StoreFolder();
        using var session = SessionPragmas.OpenWriter(folder.Options);
        Migrator.Migrate(session, TimeProvider.System, [Migrator.Embedded()[0]]);
        session.RunScript(FirstVersion.Rows(StoreFolder.Describe("layer"), StoreFolder.Manifest("image", tags: "v1")));

        Migrator.Migrate(session, TimeProvider.System);

        Assert.Equal("0 0  0 0 ", session.Run("SELECT concat_ws(' ', locks, locks_time, COALESCE(locks_region, ''), quarantine, quarantine_time, COALESCE(quarantine_region, '')) FROM manifests"));
        Assert.Equal("0 0 ", session.Run("SELECT concat_ws(' ', locks, locks_time, COALESCE(locks_region, '')) FROM tags"));
        Assert.Equal("0 0  - -", session.Run(
            "SELECT concat_ws(' ', locks, locks_time, COALESCE(locks_region, ''), COALESCE(quota, '-'), COALESCE(home_region, '-')) FROM repositories"));
        Assert.Equal("-", session.Run("SELECT COALESCE(quota, '-') FROM registries"));
        Assert.Equal("0", session.Run("SELECT reserved FROM uploads"));
        Assert.Equal("0 0", session.Run("SELECT concat_ws(' ', keep_for, keep_records) FROM ledger_readers"));
    }

    [Fact]
    public async Task Rows_of_the_first_version_are_counted_and_have_their_place_in_lists_by_time()
    {
        await using var folder = new StoreFolder();
        var image = StoreFolder.Manifest("image", tags: "v1");
        using (var session = SessionPragmas.OpenWriter(folder.Options))
        {
            Migrator.Migrate(session, TimeProvider.System, [Migrator.Embedded()[0]]);
            session.RunScript(FirstVersion.Rows(StoreFolder.Describe("layer"), image));
            session.RunScript("UPDATE manifests SET created_at = 5; UPDATE tags SET created_at = 6, updated_at = 7");
        }

        await using var store = await folder.OpenAsync();

        var found = (await store.FindRepositoryAsync(1, StoreFolder.App, Token))!;
        Assert.Equal((1, 1, DateTimeOffset.FromUnixTimeMilliseconds(7), Locks.None), (found.Tags, found.Manifests, found.UpdatedAt, found.Locks));
        var manifest = Assert.Single((await store.ListManifestDetailsByTimeAsync(1, StoreFolder.App, newestFirst: true, null, 10, Token))!.Items);
        Assert.Equal(
            (image.Digest, DateTimeOffset.FromUnixTimeMilliseconds(5), DateTimeOffset.FromUnixTimeMilliseconds(7)), (manifest.Digest, manifest.CreatedAt, manifest.UpdatedAt));
        Assert.Equal((null, false, default), (manifest.PushedBy, manifest.IsDescribed, manifest.Description));
        Assert.Empty(await store.CheckAsync(Token));
    }

    [Fact]
    public async Task A_folder_of_the_first_version_gets_its_resource_group_its_scope_and_ids_for_good()
    {
        await using var folder = new StoreFolder();
        using (var session = SessionPragmas.OpenWriter(folder.Options))
        {
            Migrator.Migrate(session, TimeProvider.System, [Migrator.Embedded()[0]]);
            session.RunScript(FirstVersion.Rows(StoreFolder.Describe("layer"), StoreFolder.Manifest("image", tags: "v1")));
            session.RunScript("""
                INSERT INTO principals (id, object_id, kind, name, password_hash, enabled, epoch, created_at, updated_at)
                    VALUES (7, 'object', 'user', 'owner', 'hash', 1, 3, 11, 12);
                """);
        }

        await using var store = await folder.OpenAsync();

        var owner = await store.FindPrincipalAsync("owner", Token);
        Assert.Equal(
            new PrincipalRecord(7, "object", "owner", "hash", 3, true)
            {
                DisplayName = "owner",
                CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(11),
                UpdatedAt = DateTimeOffset.FromUnixTimeMilliseconds(12),
            },
            owner);
        Assert.Equal(new ResourceGroupRecord("subscription", "default", "home", "{}"), await store.FindResourceGroupAsync("subscription", "default", Token));
        var local = (await store.FindRegistryAsync("local", Token))!;
        Assert.Equal(local, Assert.Single((await store.ListRegistriesAsync(ResourceScope.OfSubscription("subscription"), null, 10, Token)).Items));
        Assert.Equal(("home", 1, RoleAssignmentMode.LegacyRegistryPermissions), (local.Location, local.Epoch, local.RoleAssignmentMode));
        Assert.True(await store.DeletePrincipalAsync(7, StoreFolder.Alice, Token));
        Assert.Equal(8, (await store.SetPasswordAsync("owner", "hash", StoreFolder.Alice, Token)).Id);
        Assert.Empty(await store.CheckAsync(Token));
    }

    [Fact]
    public async Task Every_connection_is_set_so_that_no_acknowledged_write_is_lost()
    {
        await using var folder = new StoreFolder();
        using var writer = SessionPragmas.OpenWriter(folder.Options);
        using var checkpointer = SessionPragmas.OpenCheckpointer(folder.Options);
        using var reader = SessionPragmas.OpenReader(folder.Options);
        using var copier = SessionPragmas.OpenCopier(folder.Options);

        foreach (var session in new[] { writer, checkpointer, reader, copier })
        {
            Assert.Equal("wal", session.Run("PRAGMA journal_mode"));
            Assert.Equal("2", session.Run("PRAGMA synchronous"));
            Assert.Equal("1", session.Run("PRAGMA foreign_keys"));
            Assert.Equal("2", session.Run("PRAGMA temp_store"));
        }

        Assert.Equal("0", writer.Run("PRAGMA wal_autocheckpoint"));
        Assert.Equal("1", reader.Run("PRAGMA query_only"));
    }

    [Fact]
    public async Task A_database_that_cannot_keep_a_write_ahead_log_is_refused()
    {
        await Assert.ThrowsAsync<MetadataStartException>(() => SqliteMetadataStore.OpenAsync(
            new SqliteOptions { Path = ":memory:" }, TimeProvider.System, NoSteps.Instance, NullLogger<RelationalMetadataStore>.Instance, TestContext.Current.CancellationToken));
    }
}
