using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json.Nodes;
using Berth.Testing;

namespace Berth.EndToEnd.Harness;

/// <summary>An OCI image layout on disk, made of files of this machine (OCI image spec, image-layout.md).</summary>
internal sealed class ImageLayout
{
    private ImageLayout(string folder, string digest)
    {
        Folder = folder;
        Digest = digest;
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The digest of the image or index that is tagged <c>x</c>.</summary>
    public string Digest { get; }

    /// <summary>How clients name the tagged image.</summary>
    public string Reference => $"oci:{Folder}:x";

    /// <summary>An image that runs: busybox and a text that it prints.</summary>
    public static ImageLayout Small(string folder, string text = "hello") => Finish(folder, AddImage(folder, "amd64", text, []));

    /// <summary>An index of two platforms.</summary>
    public static ImageLayout Index(string folder, string text = "hello")
    {
        var index = ManifestContent.Index([AddImage(folder, "amd64", text, []), AddImage(folder, "arm64", text, [])]);
        Write(folder, index.Bytes);
        return Finish(folder, index.Descriptor());
    }

    /// <summary>An image with several layers of random bytes.</summary>
    public static ImageLayout Large(string folder, int layers, int bytesEach) =>
        Finish(folder, AddImage(folder, "amd64", "large", [.. Enumerable.Range(0, layers).Select(_ => Content.Random(bytesEach))]));

    /// <summary>The digests of all blobs of a layout; each file must have the digest that it is named by.</summary>
    public static SortedSet<string> Blobs(string folder)
    {
        var digests = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(folder, "blobs", "sha256")))
        {
            var digest = Content.Digest(File.ReadAllBytes(file));
            Assert.Equal("sha256:" + Path.GetFileName(file), digest);
            digests.Add(digest);
        }

        return digests;
    }

    /// <summary>Checks that another layout holds exactly the same blobs.</summary>
    public void ExpectSame(string folder) => Assert.Equal(Blobs(Folder), Blobs(folder));

    private static JsonObject AddImage(string folder, string architecture, string text, byte[][] extra)
    {
        var busybox = Tool.Find("busybox");
        var layers = new List<(BlobContent Blob, string DiffId)> { Layer(("etc/message", Content.Utf8(text + "\n"))) };
        if (busybox is not null) layers.Insert(0, Layer(("bin/busybox", File.ReadAllBytes(busybox))));
        foreach (var bytes in extra) layers.Add(Layer(("data/" + Content.Name(), bytes)));

        var diffIds = string.Join(',', layers.Select(l => $"\"{l.DiffId}\""));
        var config = new BlobContent(
            Content.Utf8($$$"""{"architecture":"{{{architecture}}}","os":"linux","config":{"Cmd":["/bin/busybox","cat","/etc/message"]},"rootfs":{"type":"layers","diff_ids":[{{{diffIds}}}]}}"""),
            Types.Config);
        var image = ManifestContent.Image(config, layers.Select(l => l.Blob));
        Write(folder, config.Bytes);
        Write(folder, image.Bytes);
        foreach (var (blob, _) in layers) Write(folder, blob.Bytes);
        var descriptor = image.Descriptor();
        descriptor["platform"] = new JsonObject { ["architecture"] = architecture, ["os"] = "linux" };
        return descriptor;
    }

    private static (BlobContent Blob, string DiffId) Layer(params (string Name, byte[] Bytes)[] files)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, bytes) in files)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream(bytes),
                    Mode = (UnixFileMode)0b111_101_101,
                    ModificationTime = DateTimeOffset.UnixEpoch,
                });
            }
        }

        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(tar.ToArray());
        return (new BlobContent(compressed.ToArray(), Types.Layer + "+gzip"), Content.Digest(tar.ToArray()));
    }

    private static void Write(string folder, byte[] bytes)
    {
        var blobs = Directory.CreateDirectory(Path.Combine(folder, "blobs", "sha256")).FullName;
        File.WriteAllBytes(Path.Combine(blobs, Content.Digest(bytes)["sha256:".Length..]), bytes);
    }

    private static ImageLayout Finish(string folder, JsonObject descriptor)
    {
        var tagged = descriptor.DeepClone().AsObject();
        tagged["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = "x" };
        File.WriteAllText(Path.Combine(folder, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        File.WriteAllText(Path.Combine(folder, "index.json"), new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(tagged) }.ToJsonString());
        return new ImageLayout(folder, descriptor["digest"]!.GetValue<string>());
    }
}
