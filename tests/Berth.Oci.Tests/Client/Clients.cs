using Berth.Oci.Client;

namespace Berth.Oci.Tests.Client;

/// <summary>What client tests share.</summary>
internal static class Clients
{
    public static readonly RepositoryName App = RepositoryName.Parse("team/app");
    public static readonly string UserAgent = $"berth-tests/{Environment.ProcessId}";
    public static readonly RegistryClientOptions Anonymous = new()
    {
        ResponseLimit = TimeSpan.FromSeconds(20),
        StallLimit = TimeSpan.FromSeconds(20),
        UserAgent = UserAgent,
    };

    public static readonly RegistryClientOptions Owner = Anonymous with { Credential = RegistryCredential.FromPassword("owner", "s3cret:é") };
    public const string OwnerBasic = "Basic b3duZXI6czNjcmV0OsOp";

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static Digest Sha256(ReadOnlySpan<byte> content) => Digest.Compute(DigestAlgorithm.Sha256, content);

    public static async Task<byte[]> ReadAllAsync(BlobDownload download)
    {
        using var copy = new MemoryStream();
        await download.Content.CopyToAsync(copy, Cancel);
        return copy.ToArray();
    }

    public static async Task<List<T>> ToListAsync<T>(IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (var item in items.WithCancellation(Cancel)) list.Add(item);
        return list;
    }
}
