using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Events;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Events;

/// <summary>Which events the ledger's records are, also where changes of several nodes stand between each other.</summary>
public sealed class RepositoryEventReaderTests : IAsyncLifetime
{
    private readonly List<LedgerRecord> _records = [];
    private RegistryHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await RegistryHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_push_is_one_event_for_its_tag_whatever_stands_between_its_records()
    {
        Add(LedgerKinds.ManifestPushed, "one", "r1");
        Add(LedgerKinds.ManifestPushed, "two", "r2");
        Add(LedgerKinds.ManifestQuarantined, "one", "r1");
        Add(LedgerKinds.TagSet, "two", "r2", "v2");
        Add(LedgerKinds.TagSet, "one", "r1", "v1");
        Add(LedgerKinds.TagSet, "one", "r1", "latest");
        Add(LedgerKinds.ManifestPushed, "three", "r3");

        Assert.Equal(["v2", "v1", "latest", null], await ReadTagsAsync());
    }

    [Fact]
    public async Task A_tag_that_another_request_set_takes_no_push_away()
    {
        Add(LedgerKinds.ManifestPushed, "one", "r1");
        Add(LedgerKinds.TagSet, "one", "r2", "v1");
        Add(LedgerKinds.ManifestPushed, "two", "r3", repository: "team/other");
        Add(LedgerKinds.TagSet, "two", "r3", "v2");

        Assert.Equal([null, "v1", null, "v2"], await ReadTagsAsync());
    }

    [Theory]
    [InlineData(197)]
    [InlineData(198)]
    [InlineData(199)]
    [InlineData(200)]
    public async Task A_push_at_the_end_of_a_page_is_one_event_too(int before)
    {
        for (var i = 0; i < before; i++) Add(LedgerKinds.BlobPushed, $"blob {i}", "r0");
        Add(LedgerKinds.ManifestPushed, "one", "r1");
        Add(LedgerKinds.ManifestQuarantined, "one", "r1");
        Add(LedgerKinds.TagSet, "one", "r1", "v1");
        Add(LedgerKinds.ManifestPushed, "two", "r2");

        Assert.Equal(["v1", null], await ReadTagsAsync());
    }

    private void Add(string kind, string content, string request, string? tag = null, string repository = "team/app") => _records.Add(new LedgerRecord(
        _records.Count + 1, 0, kind, 1, repository, tag, Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(content)), "owner", null, request, "test", null));

    private async Task<IReadOnlyList<string?>> ReadTagsAsync()
    {
        var reader = new RepositoryEventReader(new Kept(_records), _host.Metadata, _host.Metadata);
        List<string?> tags = [];
        var after = 0L;
        while (await reader.ReadAsync(1, after, CancellationToken.None) is { } page)
        {
            Assert.All(page.Events, one => Assert.Equal(DiagnosticColumns.Push, one.Event.Operation));
            tags.AddRange(page.Events.Select(one => one.Event.Tag));
            Assert.True(page.Until > after);
            after = page.Until;
        }

        Assert.Equal(_records.Count, after);
        return tags;
    }

    private sealed class Kept(List<LedgerRecord> records) : ILedger
    {
        public ValueTask<IReadOnlyList<LedgerRecord>> ReadLedgerAsync(long after, int limit, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyList<LedgerRecord>>([.. records.Where(record => record.Number > after).Take(limit)]);

        public ValueTask<IReadOnlyList<LedgerRecord>> ReadLedgerBackwardsAsync(long before, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
