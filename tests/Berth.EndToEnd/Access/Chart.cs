using System.Formats.Tar;
using System.IO.Compression;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>A chart that helm pulls, made without helm.</summary>
internal static class Chart
{
    private const string Metadata = """{"apiVersion":"v2","name":"chart","version":"1.0.0"}""";

    /// <summary>Pushes version 1.0.0 to a repository whose name ends in <c>chart</c>.</summary>
    public static async Task PushAsync(RegistryClient client, string repository)
    {
        var config = await client.PushAsync(repository, new BlobContent(Content.Utf8(Metadata), "application/vnd.cncf.helm.config.v1+json"));
        var layer = await client.PushAsync(repository, new BlobContent(await PackAsync(), "application/vnd.cncf.helm.chart.content.v1.tar+gzip"));
        await client.PushAsync(repository, ManifestContent.Image(config, [layer]), "1.0.0");
    }

    private static async Task<byte[]> PackAsync()
    {
        using var bytes = new MemoryStream();
        await using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
        await using (var tar = new TarWriter(gzip, leaveOpen: true))
        {
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "chart/Chart.yaml") { DataStream = new MemoryStream(Content.Utf8(Metadata)) });
        }

        return bytes.ToArray();
    }
}
