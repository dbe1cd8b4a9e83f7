using Berth.Metadata;
using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Oci;
using Berth.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Conformance.Metadata;

/// <summary>A SQLite database in a folder of its own.</summary>
public sealed class SqliteDatabase : IMetadataDatabase
{
    private readonly DirectoryInfo _folder = TestFolder.CreateInMemory("berth-metadata-");

    public SqliteOptions Options => new() { Path = Path.Combine(_folder.FullName, "berth.db") };

    public async Task<IMetadataStore> OpenAsync(TimeProvider time, ISteps steps)
    {
        return await SqliteMetadataStore.OpenAsync(Options, time, steps, NullLogger<RelationalMetadataStore>.Instance, TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
