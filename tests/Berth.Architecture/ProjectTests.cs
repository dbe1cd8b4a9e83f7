using System.Xml.Linq;

namespace Berth.Architecture;

/// <summary>The rooms and the doors between them (docs/dev/code-structure.md).</summary>
public sealed class ProjectTests
{
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Berth.Oci"] = [],
        ["Berth.Storage"] = ["Berth.Oci"],
        ["Berth.Metadata"] = ["Berth.Oci"],
        ["Berth.Registry"] = ["Berth.Oci", "Berth.Storage", "Berth.Metadata"],
        ["Berth.Portal"] = ["Berth.Oci", "Berth.Registry"],
        ["Berth.Server"] = ["Berth.Oci", "Berth.Storage", "Berth.Metadata", "Berth.Registry", "Berth.Portal"],
        ["Berth.Cli"] = ["Berth.Oci"],
    };

    /// <summary>Packages that only one room may use: behind it they can be exchanged.</summary>
    private static readonly Dictionary<string, string> OnlyIn = new()
    {
        ["Microsoft.Data.Sqlite"] = "Berth.Metadata",
        ["Npgsql"] = "Berth.Metadata",
        ["AWSSDK.S3"] = "Berth.Storage",
        ["Azure.Storage.Blobs"] = "Berth.Storage",
    };

    public static TheoryData<string> Projects => [.. SourceTree.Files.Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".csproj", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_room_uses_only_the_rooms_below_it(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        Assert.True(MayUse.TryGetValue(name, out var allowed), $"{name} is a new room: say here what it may use, and in docs/dev/code-structure.md what it holds.");
        var used = Items(project, "ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Replace('\\', '/')));
        Assert.Empty(used.Except(allowed!));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_driver_s_package_stays_in_its_room(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        Assert.Empty(Items(project, "PackageReference").Where(p => OnlyIn.TryGetValue(p, out var room) && room != name).ToList());
    }

    [Fact]
    public void The_vocabulary_and_the_foundations_know_nothing_of_the_web_server()
    {
        foreach (var project in new[] { "Berth.Oci", "Berth.Storage", "Berth.Metadata", "Berth.Cli" })
            Assert.DoesNotContain("Microsoft.AspNetCore.App", Items($"src/{project}/{project}.csproj", "FrameworkReference"));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Internals_are_visible_to_tests_alone(string project)
    {
        var tests = SourceTree.Files.Where(f => f.StartsWith("tests/", StringComparison.Ordinal) && f.EndsWith(".csproj", StringComparison.Ordinal)).Select(Path.GetFileNameWithoutExtension);
        Assert.Empty(Items(project, "InternalsVisibleTo").Except(tests));
        Assert.DoesNotContain(SourceTree.CSharp(Path.GetDirectoryName(project) + "/"), f => SourceTree.CodeWithoutText(f).Contains("InternalsVisibleTo", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_room_turns_the_rule_of_documented_members_off(string project)
    {
        var text = SourceTree.Read(project);
        Assert.DoesNotContain("1591", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<GenerateDocumentationFile>false", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_room_stands_in_the_page_that_explains_them()
    {
        var page = SourceTree.Read("docs/dev/code-structure.md");
        foreach (var project in SourceTree.Files.Where(f => f.EndsWith(".csproj", StringComparison.Ordinal)))
            Assert.Contains($"`{Path.GetDirectoryName(project)}`", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = SourceTree.Read("Berth.slnx");
        Assert.All(SourceTree.Files.Where(f => f.EndsWith(".csproj", StringComparison.Ordinal)), p => Assert.Contains($"\"{p}\"", solution, StringComparison.Ordinal));
    }

    private static List<string> Items(string project, string kind) =>
        [.. XDocument.Parse(SourceTree.Read(project)).Descendants(kind).Select(e => (string?)e.Attribute("Include")).OfType<string>()];
}
