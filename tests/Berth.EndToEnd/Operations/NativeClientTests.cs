using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>The client as one native file, built and started from this source tree as <c>eng/publish-cli</c> and <c>./berth</c> are called.</summary>
public sealed class NativeClientTests
{
    /// <summary>Far above what it takes on two cores of its own, so that a busy machine is no failure.</summary>
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(15);

    [Fact]
    public async Task The_client_is_published_natively_and_the_launcher_starts_it_and_no_source_file_changes()
    {
        foreach (var tool in (string[])["dotnet", "gcc", "objcopy"]) Tool.Require(tool);
        if (!File.Exists("/usr/include/zlib.h")) Tool.Lacking("zlib's headers are not installed.");
        var before = Sources();

        (await Tool.RunAsync(Path.Combine(Repository.Root, "eng", "publish-cli"), [], Repository.Root, limit: BuildLimit)).Succeeded();

        Assert.Equal(before, Sources());
        // The client that the launcher builds itself needs a runtime, and there is none where it is told to look.
        var version = await Tool.RunAsync(
            Path.Combine(Repository.Root, "berth"), ["version"], Repository.Root, new Dictionary<string, string> { ["DOTNET_ROOT"] = Repository.Root }, limit: BuildLimit);
        Assert.Matches(@"\A[0-9]+\.[0-9]+\.[0-9]+\n\z", version.Succeeded().Output);
        Assert.Empty(version.Errors);

        // Nothing is kept for this host, which the helper's own words say to whatever tool asked.
        var helper = await Tool.RunAsync(
            Path.Combine(Repository.Root, "artifacts", "berth", "native", "docker-credential-berth"), ["get"], Repository.Root,
            new Dictionary<string, string> { ["BERTH_CONFIG_DIR"] = "/nonexistent" }, "registry.invalid\n");
        Assert.Equal((1, "credentials not found in native keychain\n"), (helper.Status, helper.Output));
    }

    /// <summary>Each file that the client and its build are made of, with its content's digest.</summary>
    private static SortedDictionary<string, string> Sources()
    {
        var files = Directory.EnumerateFiles(Repository.Root)
            .Concat(new[] { "src", "eng" }.SelectMany(f => Directory.EnumerateFiles(Path.Combine(Repository.Root, f), "*", SearchOption.AllDirectories)));
        return new(files.ToDictionary(file => file, file => Content.Digest(File.ReadAllBytes(file))), StringComparer.Ordinal);
    }
}
