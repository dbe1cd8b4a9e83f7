using System.Text.RegularExpressions;

namespace Berth.Architecture;

/// <summary>Nothing but Storage touches files; nothing but Metadata holds SQL.</summary>
public sealed partial class BoundaryTests
{
    /// <summary>Who else may touch files, and why.</summary>
    private static readonly Dictionary<string, string> MayTouchFiles = new()
    {
        ["src/Berth.Storage/"] = "it is the room of files",
        ["src/Berth.Server/LocalFiles/"] = "the configuration file, certificates and keys, and the data folder itself are the host's",
        ["src/Berth.Metadata/Sqlite/"] = "the database's own file: whether it is there, its durable first bytes, a snapshot's target",
        ["src/Berth.Cli/"] = "a client's own files on its user's machine",
    };

    [Fact]
    public void Files_are_touched_in_their_rooms_only() => Assert.Empty(Find(
        SourceTree.CSharp("src/").Where(f => !MayTouchFiles.Keys.Any(k => f.StartsWith(k, StringComparison.Ordinal))), FileAccess(), SourceTree.CodeWithoutText));

    [Fact]
    public void Sql_stands_in_metadata_only() => Assert.Empty(Find(
        SourceTree.CSharp("src/").Where(f => !f.StartsWith("src/Berth.Metadata/", StringComparison.Ordinal)), Sql(), SourceTree.Code));

    [Fact]
    public void Both_rules_see_what_they_are_about()
    {
        Assert.Matches(FileAccess(), "var x = File.ReadAllBytes(path);");
        Assert.Matches(FileAccess(), "using var s = new FileStream(path, FileMode.Open);");
        Assert.DoesNotMatch(FileAccess(), "var f = FileAccess.Read; IFileOperations.Open(path); profile.Name();");
        Assert.Matches(Sql(), "var q = \"SELECT id FROM blobs\";");
        Assert.Matches(Sql(), "\"\"\"\n    INSERT INTO tags (name) VALUES (1)\n\"\"\"");
        Assert.DoesNotMatch(Sql(), "// select what is from here; update set");
        Assert.NotEmpty(Find(SourceTree.CSharp("src/Berth.Metadata/"), Sql(), SourceTree.Code));
        Assert.NotEmpty(Find(SourceTree.CSharp("src/Berth.Server/LocalFiles/"), FileAccess(), SourceTree.CodeWithoutText));
    }

    private static List<string> Find(IEnumerable<string> files, Regex rule, Func<string, string> read)
    {
        var found = new List<string>();
        foreach (var file in files)
        {
            var code = read(file);
            found.AddRange(rule.Matches(code).Select(m => SourceTree.At(file, code, m)));
        }

        return found;
    }

    [GeneratedRegex(@"(?<![\w.])(?:System\.IO\.)?(?:File|Directory|RandomAccess)\.[A-Z]\w*\(|\bnew (?:System\.IO\.)?(?:FileStream|FileInfo|DirectoryInfo|DriveInfo|StreamReader|StreamWriter|FileSystemWatcher)\(""?\w")]
    private static partial Regex FileAccess();

    [GeneratedRegex(@"\b(?:SELECT\s[^;""]{1,200}?\sFROM\s|INSERT\s+(?:OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(?:TABLE|INDEX|TRIGGER)\s|PRAGMA\s)")]
    private static partial Regex Sql();
}
