using System.Net;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Distribution;

/// <summary>Plays docs/dev/blob-states.md: every request in every state.</summary>
public sealed class BlobStateTableTests : IAsyncLifetime
{
    private const string Repository = "table/subject";
    private const string Other = "table/other";

    private RegistryHost _host = null!;
    private byte[] _blob = [];
    private Digest _digest;

    public static TheoryData<string, string, string> Cells()
    {
        var data = new TheoryData<string, string, string>();
        var rows = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "blob-states.md"))
            .Where(line => line.StartsWith('|') && line.Count(c => c == '|') > 5)
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
            .ToList();
        foreach (var row in rows.Skip(2))
        {
            for (var column = 1; column < row.Length; column++) data.Add(row[0], rows[0][column], row[column]);
        }

        return data;
    }

    public async ValueTask InitializeAsync() => _host = await RegistryHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task The_server_answers_and_changes_as_the_table_says(string state, string request, string cell)
    {
        _blob = Encoding.UTF8.GetBytes($"{state} {request}");
        _digest = Digest.Compute(DigestAlgorithm.Sha256, _blob);
        await BringToAsync(state);
        Assert.Equal(state, await StateAsync(state));

        var parts = cell.Split('→', StringSplitOptions.TrimEntries);
        var status = await SendAsync(request);

        if (parts[0] != "–") Assert.Equal(parts[0], ((int)status).ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(parts.Length > 1 ? parts[1] : state, await StateAsync(state));
    }

    private async Task BringToAsync(string state)
    {
        if (state == "absent") return;
        if (state == "elsewhere")
        {
            await _host.Client.PushBlobAsync(Other, _blob);
            return;
        }

        await _host.Client.PushBlobAsync(Repository, _blob);
        switch (state)
        {
            case "late":
                _host.Time.Advance(_host.Grace * 0.75);
                break;
            case "lapsed":
                _host.Time.Advance(_host.Grace * 2);
                break;
            case "referenced":
                await _host.Client.PutManifestAsync(Repository, "latest", RegistryClientExtensions.Image(_blob));
                break;
            case "damaged":
                var blob = await FindAsync();
                File.Delete(Path.Combine(_host.StoreFolder, "blobs", blob!.Location));
                await _host.Client.GetBlobAsync(Repository, _digest);
                break;
            case "detached":
                await _host.Client.DeleteBlobAsync(Repository, _digest);
                break;
            case "discarded":
                await _host.Client.DeleteBlobAsync(Repository, _digest);
                await _host.Metadata.ReviewBlobsAsync(100, CancellationToken.None);
                break;
        }
    }

    private async Task<HttpStatusCode> SendAsync(string request)
    {
        switch (request)
        {
            case "HEAD": return await _host.Client.HeadBlobAsync(Repository, _digest);
            case "GET": return (await _host.Client.GetBlobAsync(Repository, _digest)).Status;
            case "mount from": return await _host.Client.MountAsync("table/mounted", _digest, Repository);
            case "PUT blob": return await _host.Client.PushBlobAsync(Repository, _blob);
            case "PUT manifest": return await _host.Client.PutManifestAsync(Repository, "latest", RegistryClientExtensions.Image(_blob));
            case "DELETE": return await _host.Client.DeleteBlobAsync(Repository, _digest);
            case "collect":
                await _host.Collector.SweepAsync(CancellationToken.None);
                return default;
            default: throw new ArgumentException($"The table has a column '{request}' that the test does not know.");
        }
    }

    private ValueTask<BlobRecord?> FindAsync() =>
        _host.Metadata.FindBlobAsync(1, RepositoryName.Parse(Repository), _digest, CancellationToken.None);

    // What the rows say now. Absence looks alike from this repository, whatever stands elsewhere: the rows behind it tell the rest apart.
    private async Task<string> StateAsync(string before)
    {
        var blob = await FindAsync();
        if (blob is not null)
        {
            if (blob.State == BlobState.Damaged) return "damaged";
            if (blob.Referenced) return "referenced";
            var left = blob.LeaseUntil - _host.Time.GetUtcNow();
            return left <= TimeSpan.Zero ? "lapsed" : left > _host.Grace / 2 ? "leased" : "late";
        }

        var rows = await _host.Metadata.WalkBlobsAsync(default, 1_000, CancellationToken.None);
        var row = rows.SingleOrDefault(r => r.Digest == _digest);
        if (row is { State: BlobState.Live })
        {
            var elsewhere = await _host.Metadata.FindBlobAsync(1, RepositoryName.Parse(Other), _digest, CancellationToken.None);
            return elsewhere is null ? "detached" : "elsewhere";
        }

        var waiting = (await _host.Metadata.ListDiscardedAsync(default, 1_000, CancellationToken.None)).Items;
        return row is null && waiting.Count > 0 && before == "discarded" ? "discarded" : "absent";
    }
}
