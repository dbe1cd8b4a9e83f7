using System.Diagnostics;
using System.Text;
using System.Text.Json;
using static Berth.Oci.Tests.Manifests.Sample;

namespace Berth.Oci.Tests.Fuzz;

/// <summary>Whatever comes in, out comes a manifest or an <see cref="OciException"/>, soon and without much memory.</summary>
public sealed class ManifestFuzzTests
{
    private static readonly string[] Seeds =
    [
        Image(),
        Image(more: $$""","subject":{{Descriptor()}},"annotations":{"a":"\u00e9\n","b":""},"artifactType":"a/b" """),
        Image(layers: $"[{Descriptor(more: ""","data":"AAAA","urls":["x"],"platform":{"os":"linux"},"annotations":{"k":"v"} """)}]"),
        Index(),
        Index($"[{Descriptor(MediaTypes.OciIndex, more: ""","platform":{"architecture":"amd64","os":"linux"} """)},{Descriptor()}]"),
        Image(more: ""","x":[{"y":{"z":[1,-2.5e3,true,false,null,"\ud83d\ude00"]}}] """),
    ];

    private static readonly string[] Fragments =
    [
        "{", "}", "[", "]", ",", ":", "\"", "null", "\\u", "\\ud800", "1e999", "-", "0", "\"digest\":", "\"size\":", "\"layers\":[", "\"manifests\":[]", "\uFEFF",
        "//", "\"\":\"\"", DigestA, "\"mediaType\":\"\"", "\"annotations\":{", "\"config\":null",
    ];

    private static Gen<byte[]> Mutated { get; } = Gen.Select(
        Gen.OneOf(Seeds), Gen.Select(Gen.Int[0, 1_000], Gen.Int[0, 4], Gen.Byte, Gen.OneOf(Fragments)).Array[1, 6]).Select((seed, edits) =>
        {
            var bytes = Encoding.UTF8.GetBytes(seed).ToList();
            foreach (var (place, kind, value, fragment) in edits)
            {
                var at = bytes.Count == 0 ? 0 : place % bytes.Count;
                if (kind == 0) bytes.InsertRange(at, Encoding.UTF8.GetBytes(fragment));
                else if (bytes.Count == 0) bytes.Add(value);
                else if (kind == 1) bytes[at] = value;
                else if (kind == 2) bytes.RemoveAt(at);
                else if (kind == 3) bytes.RemoveRange(at, Math.Min(bytes.Count - at, value));
                else bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, value)));
            }

            return bytes.ToArray();
        });

    private static Gen<string?> ContentType { get; } = Gen.Frequency(
        (3, Gen.OneOf<string?>([null, .. MediaTypes.ManifestTypes])), (1, Gen.String.Select(text => (string?)text)));

    [Fact]
    public void Random_bytes_are_refused_or_read() => Gen.Select(Gen.Byte.Array[0, 200], ContentType).Sample(
        (body, type) => Check(body, type), iter: Effort.Iterations(20_000));

    [Fact]
    public void Mutated_manifests_are_refused_or_read_as_an_independent_reader_reads_them() => Gen.Select(Mutated, ContentType).Sample(
        (body, type) => Check(body, type), iter: Effort.Iterations(20_000));

    [Theory]
    [InlineData("one key after the other")]
    [InlineData("keys with escapes")]
    [InlineData("one long key twice")]
    [InlineData("open arrays")]
    [InlineData("open objects")]
    [InlineData("a long number")]
    [InlineData("a long type")]
    [InlineData("small descriptors")]
    [InlineData("descriptors with long types")]
    [InlineData("data that is not what it says")]
    [InlineData("long annotations with a subject")]
    [InlineData("zeroes")]
    public void Four_hostile_MiB_cost_less_than_16_MiB_and_linear_time(string kind)
    {
        var body = Encoding.UTF8.GetBytes(Hostile(kind));
        Assert.InRange(body.Length, 3_000_000, OciLimits.ManifestBytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        Read(body, MediaTypes.OciManifest);
        watch.Stop();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        TestContext.Current.SendDiagnosticMessage($"{kind}: {allocated / 1024} KiB, {watch.Elapsed.TotalMilliseconds:F1} ms");
        Assert.InRange(allocated, 0, 16 * 1024 * 1024);

        // Around 0.1 s on a quiet machine; quadratic work on four million bytes would take minutes.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    private static string Hostile(string kind)
    {
        string Fill(string head, Func<int, string> item, string tail, int length = OciLimits.ManifestBytes - 3_000)
        {
            var text = new StringBuilder(head);
            for (var i = 0; text.Length < length; i++) text.Append(i == 0 ? "" : ",").Append(item(i));
            return text.Append(tail).ToString();
        }

        const int Long = 3_900_000;
        return kind switch
        {
            "one key after the other" => Fill("{", i => $"\"{i:x}\":0", "}"),
            "keys with escapes" => Fill("{", i => $"\"\\u0061{i:x}\":0", "}"),
            "one long key twice" => $"{{\"{new string('k', Long / 2)}\":0,\"{new string('k', Long / 2)}\":0}}",
            "open arrays" => new string('[', Long),
            "open objects" => string.Concat(Enumerable.Repeat("{\"a\":", Long / 5)),
            "a long number" => $"{{\"schemaVersion\":{new string('9', Long)}}}",
            "a long type" => $"{{\"mediaType\":\"{new string('a', Long)}\"}}",
            "small descriptors" => Image(layers: Fill("[", i => Descriptor("a", NumberedDigest(i), "0"), "]")),
            "descriptors with long types" => Image(layers: Fill("[", i => Descriptor(i + new string('é', 500), NumberedDigest(i), "0"), "]", 2_200_000)),
            "data that is not what it says" => Image(layers: $"[{Descriptor(size: "2900000", more: $",\"data\":\"{new string('A', 3_900_000)}\"")}]"),
            "long annotations with a subject" => Image(more: $",\"subject\":{Descriptor()},\"annotations\":{{\"a\":\"{new string('A', 3_900_000)}\"}}"),
            "zeroes" => new string('\0', Long),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
    }

    private static bool Check(byte[] body, string? contentType)
    {
        if (Read(body, contentType) is not { } manifest) return true;

        // What is accepted must be what a plain reader sees.
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        return root.GetProperty("schemaVersion").GetInt32() == 2
            && Same(root, "layers", manifest.Layers)
            && Same(root, "manifests", manifest.Manifests)
            && root.TryGetProperty("config", out var config) == (manifest.Config is not null)
            && (manifest.Config is null || Same(config, manifest.Config.Value))
            && (manifest.Annotations is null || JsonElement.DeepEquals(JsonElement.Parse(manifest.Annotations), root.GetProperty("annotations")));
    }

    private static bool Same(JsonElement root, string section, IReadOnlyList<Descriptor> descriptors) =>
        !root.TryGetProperty(section, out var array)
            ? descriptors.Count == 0
            : array.GetArrayLength() == descriptors.Count && array.EnumerateArray().Zip(descriptors).All(pair => Same(pair.First, pair.Second));

    private static bool Same(JsonElement json, Descriptor descriptor) =>
        json.GetProperty("mediaType").GetString() == descriptor.MediaType
        && json.GetProperty("digest").GetString() == descriptor.Digest.ToString()
        && json.GetProperty("size").GetInt64() == descriptor.Size;

    private static Manifest? Read(byte[] body, string? contentType)
    {
        try
        {
            return ManifestParser.Parse(body, contentType);
        }
        catch (OciException e)
        {
            Assert.Equal(OciErrorCode.ManifestInvalid, e.Code);
            Assert.InRange(e.Message.Length, 10, 2_000);
            return null;
        }
    }
}
