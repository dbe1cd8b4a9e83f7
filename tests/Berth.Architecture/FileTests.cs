using System.Text.RegularExpressions;

namespace Berth.Architecture;

/// <summary>What holds for every file of the repository.</summary>
public sealed class FileTests
{
    private const int MaxLines = 500;

    private static readonly string[] Binary = [".png", ".ico", ".gz", ".tgz", ".zip", ".db", ".woff2"];

    // Put together here, so that this file does not hold what it looks for.
    private static readonly Regex MachinePath = new(
        $@"(?<![\w.])/{"work"}/|\.\./{"shared"}/|(?<![\w.])/{"root"}/|/tmp/{"guide"}|/{"home"}/[a-z]\w*/", RegexOptions.CultureInvariant);

    private static readonly Regex PackageHost = new($@"\bapi\.{"nuget"}\.org|\bregistry\.{"npmjs"}\.org|\b{"pypi"}\.org|\bproxy\.{"golang"}\.org", RegexOptions.CultureInvariant);

    [Fact]
    public void No_source_file_is_over_500_lines() => Assert.Empty(
        SourceTree.Files.Where(f => f.EndsWith(".cs", StringComparison.Ordinal) || f.EndsWith(".razor", StringComparison.Ordinal))
            .Where(f => SourceTree.Read(f).Count(c => c == '\n') > MaxLines).ToList());

    [Fact]
    public void No_file_names_a_path_of_the_machine_it_was_written_on() => Assert.Empty(Find(MachinePath));

    [Fact]
    public void No_file_names_the_host_of_a_package_registry() => Assert.Empty(Find(PackageHost));

    [Fact]
    public void Every_text_file_ends_with_a_line_feed_and_has_no_carriage_return() => Assert.Empty(
        Texts().Where(f => SourceTree.Read(f) is { Length: > 0 } text && (!text.EndsWith('\n') || text.Contains('\r', StringComparison.Ordinal)))
            .Where(f => !f.EndsWith("packages.lock.json", StringComparison.Ordinal)).ToList());

    [Fact]
    public void Every_link_between_the_pages_leads_somewhere()
    {
        var broken = new List<string>();
        foreach (var page in SourceTree.Files.Where(f => f.EndsWith(".md", StringComparison.Ordinal)))
        {
            foreach (Match link in Regex.Matches(SourceTree.Read(page), @"\]\(([^)#:\s]+)(?:#[^)]*)?\)"))
            {
                var target = Path.GetFullPath(Path.Combine(SourceTree.Root, Path.GetDirectoryName(page)!, link.Groups[1].Value));
                if (!Path.Exists(target))
                    broken.Add($"{page}: {link.Groups[1].Value}");
            }
        }

        Assert.Empty(broken);
    }

    private static IEnumerable<string> Texts() => SourceTree.Files.Where(f => !Binary.Contains(Path.GetExtension(f)));

    private static List<string> Find(Regex rule)
    {
        var found = new List<string>();
        foreach (var file in Texts())
        {
            var text = SourceTree.Read(file);
            found.AddRange(rule.Matches(text).Select(m => SourceTree.At(file, text, m)));
        }

        return found;
    }
}
