using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;

namespace Berth.Metadata.Tests.Sqlite;

/// <summary>Costs are counted, not timed.</summary>
public sealed class QueryPlanTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_statement_of_a_request_scans_a_table_or_sorts()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        using var session = SessionPragmas.OpenWriter(folder.Options);
        var looked = 0;
        foreach (var sql in Sql.All.Where(sql => IsPlanned(sql.Text)))
        {
            looked++;
            foreach (var line in Plan(session, sql.Text)) Assert.True(IsCheap(line), $"{line}\nin\n{sql.Text}");
        }

        Assert.InRange(looked, 130, 600);
    }

    [Fact]
    public async Task A_page_costs_one_statement_and_its_rows_however_many_there_are()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await FillAsync(store, 20);
        var few = await CostsAsync(store);
        await FillAsync(store, 600);

        Assert.Equal(few, await CostsAsync(store));
        Assert.Equal(11, few.Tags);
        // A list over several ranges is one snapshot: its beginning and end are statements, too.
        Assert.Equal(13, few.Repositories);
        Assert.Equal(11, few.Referrers);
        Assert.Equal(1, few.Manifest);
        Assert.Equal(1, few.Blob);
        // A snapshot, its repository, no rules, eleven rows; and of each of ten indexes its one tag, the end of them, and the end of what it lists.
        Assert.Equal(15, few.TagsByTime);
        Assert.Equal(14 + 30, few.ManifestsByTime);
        Assert.Equal(1, few.Repository);
    }

    [Fact]
    public async Task A_page_from_the_middle_runs_no_more_instructions_than_the_first_page()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await FillAsync(store, 600);
        var middle = (await store.ListReferrersAsync(1, StoreFolder.App, StoreFolder.Manifest("subject").Digest, null, 0, 300, Token)).Items[^1].Sequence;

        await CompareAsync<string?, Page<string>?>(after => store.ListTagsAsync(1, StoreFolder.App, after, 10, Token), null, "tag-600-500");
        await CompareAsync<string?, Page<string>>(after => store.ListRepositoriesAsync(1, [NameRange.All], after, 10, Token), null, "many/r600-500");
        await CompareAsync<string?, Page<string>>(after => store.ListRepositoriesAsync(1, [new NameRange("many/", "many0")], after, 10, Token), null, "many/r600-500");
        var (start, end) = (new TimeKey(0, ""), new TimeKey(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + 60_000, ""));
        var half = (await store.ListTagRecordsByTimeAsync(1, StoreFolder.App, null, newestFirst: false, null, 300, Token))!.Last!;
        var halfOfManifests = (await store.ListManifestDetailsByTimeAsync(1, StoreFolder.App, newestFirst: false, null, 300, Token))!.Last!;
        var some = StoreFolder.Manifest("subject").Digest.ToString();
        foreach (var newestFirst in (bool[])[false, true])
        {
            var first = newestFirst ? end : start;
            await CompareAsync<TimeKey?, Page<TagRecord>?>(
                after => store.ListTagRecordsByTimeAsync(1, StoreFolder.App, null, newestFirst, after, 10, Token), first, TimeKey.Parse(half));
            await CompareAsync<TimeKey?, Page<ManifestDetails>?>(
                after => store.ListManifestDetailsByTimeAsync(1, StoreFolder.App, newestFirst, after, 10, Token), first with { Name = some }, TimeKey.Parse(halfOfManifests));
        }

        await CompareAsync<Digest, Page<ManifestDetails>?>(
            after => store.ListManifestDetailsAsync(1, StoreFolder.App, after, 10, Token), default, Digest.FromHash(DigestAlgorithm.Sha256, [0x80, .. new byte[31]]));
        await CompareAsync<long, Page<ReferrerRecord>>(after => store.ListReferrersAsync(1, StoreFolder.App, StoreFolder.Manifest("subject").Digest, null, after, 10, Token), 0, middle);

        async Task CompareAsync<TCursor, TPage>(Func<TCursor, ValueTask<TPage>> list, TCursor first, TCursor other)
        {
            await list(first);
            var before = ((SqliteDatabase)store.Database).ReaderInstructions;
            await list(first);
            var ofFirst = ((SqliteDatabase)store.Database).ReaderInstructions - before;
            await list(other);
            var ofMiddle = ((SqliteDatabase)store.Database).ReaderInstructions - before - ofFirst;
            Assert.InRange(ofMiddle, 1, ofFirst * 3 / 2);
        }
    }

    [Fact]
    public async Task A_repository_is_found_by_as_many_instructions_however_many_tags_it_has()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await FillAsync(store, 20);
        var few = await InstructionsAsync();
        await FillAsync(store, 600);

        Assert.InRange(await InstructionsAsync(), 1, few);

        async Task<long> InstructionsAsync()
        {
            await store.FindRepositoryAsync(1, StoreFolder.App, Token);
            var before = ((SqliteDatabase)store.Database).ReaderInstructions;
            Assert.NotNull(await store.FindRepositoryAsync(1, StoreFolder.App, Token));
            return ((SqliteDatabase)store.Database).ReaderInstructions - before;
        }
    }

    [Fact]
    public async Task Reads_are_complete_when_they_return()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await store.PutManifestAsync(StoreFolder.Manifest("m", tags: "v1"), StoreFolder.Alice, Token);

        Assert.True(IsComplete(store.FindManifestAsync(1, StoreFolder.App, Reference.To(Tag.Parse("v1")), true, Token)));
        Assert.True(IsComplete(store.FindBlobAsync(1, StoreFolder.App, StoreFolder.Describe("x").Digest, Token)));
        Assert.True(IsComplete(store.ReadEpochsAsync(1, 1, Token)));
        Assert.True(IsComplete(store.ListTagsAsync(1, StoreFolder.App, null, 10, Token)));
    }

    private static bool IsComplete<T>(ValueTask<T> read) => read.IsCompletedSuccessfully;

    private static async Task FillAsync(RelationalMetadataStore store, int count)
    {
        var subject = StoreFolder.Manifest("subject");
        for (var i = 0; i < count; i++)
        {
            var manifest = StoreFolder.Manifest($"manifest {count} {i}", tags: $"tag-{count}-{i}");
            manifest = manifest with { Manifest = manifest.Manifest with { Subject = new Descriptor(MediaTypes.OciIndex, subject.Digest, 7) } };
            await store.PutManifestAsync(manifest, StoreFolder.Alice, Token);
            await store.PutManifestAsync(StoreFolder.Manifest("m", RepositoryName.Parse($"many/r{count}-{i}")), StoreFolder.Alice, Token);
        }
    }

    private static async Task<(long Tags, long Repositories, long Referrers, long Manifest, long Blob, long TagsByTime, long ManifestsByTime, long Repository)> CostsAsync(RelationalMetadataStore store)
    {
        var subject = StoreFolder.Manifest("subject").Digest;
        return (
            await CostAsync(store, async () => await store.ListTagsAsync(1, StoreFolder.App, "tag-2", 10, Token)),
            await CostAsync(store, async () => await store.ListRepositoriesAsync(1, [NameRange.All], "many", 10, Token)),
            await CostAsync(store, async () => await store.ListReferrersAsync(1, StoreFolder.App, subject, null, 3, 10, Token)),
            await CostAsync(store, async () => await store.FindManifestAsync(1, StoreFolder.App, Reference.To(Tag.Parse("tag-20-3")), true, Token)),
            await CostAsync(store, async () => await store.FindBlobAsync(1, StoreFolder.App, subject, Token)),
            await CostAsync(store, async () => await store.ListTagRecordsByTimeAsync(1, StoreFolder.App, null, newestFirst: true, null, 10, Token)),
            await CostAsync(store, async () => await store.ListManifestDetailsByTimeAsync(1, StoreFolder.App, newestFirst: true, null, 10, Token)),
            await CostAsync(store, async () => await store.FindRepositoryAsync(1, StoreFolder.App, Token)));
    }

    /// <summary>Rows and ends of statements that a read stepped over.</summary>
    private static async Task<long> CostAsync(RelationalMetadataStore store, Func<Task> read)
    {
        var before = ((SqliteDatabase)store.Database).ReaderSteps;
        await read();
        return ((SqliteDatabase)store.Database).ReaderSteps - before;
    }

    private static bool IsPlanned(string text) =>
        !text.Contains("things", StringComparison.Ordinal) // the table of the writer's own tests
        && !text.StartsWith("PRAGMA", StringComparison.Ordinal)
        && !text.StartsWith("BEGIN", StringComparison.Ordinal) && !text.StartsWith("COMMIT", StringComparison.Ordinal)
        && !text.StartsWith("ROLLBACK", StringComparison.Ordinal) && !text.StartsWith("SAVEPOINT", StringComparison.Ordinal)
        && !text.StartsWith("RELEASE", StringComparison.Ordinal)
        && !RelationalMetadataStore.WholeTableChecks.Contains(text);

    private static List<string> Plan(SqliteSession session, string text)
    {
        var statement = session.Prepare($"EXPLAIN QUERY PLAN {text}");
        var lines = new List<string>();
        statement.Begin();
        while (statement.Step()) lines.Add(statement.Text(3));
        statement.Dispose();
        statement.Close();
        return lines;
    }

    /// <summary>Searches are cheap; so are scans of tables of one row or a few, of a bounded subquery, and in the order of an index up to a limit.</summary>
    private static bool IsCheap(string line)
    {
        if (line.Contains("TEMP B-TREE", StringComparison.Ordinal)) return false;
        if (!line.StartsWith("SCAN", StringComparison.Ordinal)) return true;
        string[] bounded =
        [
            "SCAN installation", "SCAN migrations", "SCAN CONSTANT ROW", "SCAN 2-ROW VALUES CLAUSE", "SCAN 3-ROW VALUES CLAUSE", "SCAN due", "SCAN holders", "SCAN known", "SCAN ancestry",
            "SCAN registries USING COVERING INDEX sqlite_autoindex_registries_1", "SCAN repositories USING COVERING INDEX repositories_listed",
            "SCAN discarded_locations", "SCAN ledger", "SCAN ledger_readers", "SCAN sqlite_sequence",
            "SCAN blobs USING INDEX blobs_damaged", // an index of the damaged alone
            "SCAN nodes USING INDEX nodes_by_start", // a page of them, in the order of the index
            "SCAN given_id VIRTUAL TABLE INDEX 1:", "SCAN given_scope VIRTUAL TABLE INDEX 1:",
        ];
        return bounded.Contains(line);
    }
}
