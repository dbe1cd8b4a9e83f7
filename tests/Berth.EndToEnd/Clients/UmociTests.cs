using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Clients;

/// <summary>Images made by umoci go in and come out whole.</summary>
public sealed class UmociTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    [Fact]
    public async Task An_image_that_umoci_made_comes_back_as_files()
    {
        var layout = Path.Combine(NewFolder("umoci"), "layout");
        var source = NewFolder("source");
        await File.WriteAllTextAsync(Path.Combine(source, "a"), "first");
        Directory.CreateDirectory(Path.Combine(source, "d"));
        await File.WriteAllBytesAsync(Path.Combine(source, "d", "b"), Content.Seeded(1, 300_000));
        (await Fixture.RunAsync("umoci", "init", "--layout", layout)).Succeeded();
        (await Fixture.RunAsync("umoci", "new", "--image", $"{layout}:x")).Succeeded();
        (await Fixture.RunAsync("umoci", "insert", "--image", $"{layout}:x", source, "/files")).Succeeded();
        (await Fixture.RunAsync("umoci", "config", "--image", $"{layout}:x", "--config.label", "a=b", "--manifest.annotation", "org.example=1")).Succeeded();
        (await Fixture.RunAsync("umoci", "gc", "--layout", layout)).Succeeded();

        (await Fixture.RunAsync("skopeo", "copy", "-q", "--preserve-digests", "--dest-tls-verify=false", $"oci:{layout}:x", $"docker://{Host}/{Repo}:1")).Succeeded();
        await Fixture.RestartAsync();
        var pulled = NewFolder("pulled");
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--preserve-digests", "--src-tls-verify=false", $"docker://{Host}/{Repo}:1", $"oci:{pulled}:x")).Succeeded();
        Assert.Equal(ImageLayout.Blobs(layout), ImageLayout.Blobs(pulled));

        var bundle = Path.Combine(NewFolder("bundle"), "x");
        (await Fixture.RunAsync("umoci", "unpack", "--image", $"{pulled}:x", bundle)).Succeeded();
        Assert.Equal("first", await File.ReadAllTextAsync(Path.Combine(bundle, "rootfs", "files", "a")));
        Assert.Equal(Content.Seeded(1, 300_000), await File.ReadAllBytesAsync(Path.Combine(bundle, "rootfs", "files", "d", "b")));
    }
}
