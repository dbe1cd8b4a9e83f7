using System.Text.RegularExpressions;

namespace Berth.Architecture;

/// <summary>The files of the clone these tests were built in.</summary>
internal static partial class SourceTree
{
    private static readonly string[] NotSources = [".git", "artifacts", "TestResults", "bin", "obj", "data", ".vs", ".idea"];

    /// <summary>The folder that holds Berth.slnx.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every file that is kept, relative to the root, with slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Walk(Root).Select(Relative).Order(StringComparer.Ordinal)];

    /// <summary>The C# files below a folder, relative to the root.</summary>
    public static IEnumerable<string> CSharp(string folder) => Files.Where(f => f.StartsWith(folder, StringComparison.Ordinal) && f.EndsWith(".cs", StringComparison.Ordinal));

    /// <summary>A file's text.</summary>
    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    /// <summary>A file's code without comments; strings and line numbers stay.</summary>
    public static string Code(string file) => CommentOrText().Replace(Read(file), m => m.Value.StartsWith('/') ? Lines(m.Value) : m.Value);

    /// <summary>A file's code without comments and without what stands in strings; line numbers stay.</summary>
    public static string CodeWithoutText(string file) =>
        CommentOrText().Replace(Read(file), m => m.Value.StartsWith('/') ? Lines(m.Value) : $"\"{Lines(m.Value)}\"");

    /// <summary>Where a match stands, for messages: file and line.</summary>
    public static string At(string file, string text, Match match) => $"{file}:{text.AsSpan(0, match.Index).Count('\n') + 1}: {match.Value.ReplaceLineEndings(" ")}";

    private static string Lines(string text) => new('\n', text.Count(c => c == '\n'));

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Berth.slnx")))
                return folder;
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds Berth.slnx.");
    }

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder).Where(f => Path.GetFileName(f) != ".git"))
            yield return file;
        foreach (var below in Directory.EnumerateDirectories(folder).Where(d => !NotSources.Contains(Path.GetFileName(d))))
        {
            foreach (var file in Walk(below))
                yield return file;
        }
    }

    private static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    // Comments, raw strings, verbatim strings, strings, characters; whichever begins first.
    [GeneratedRegex(""""
        //[^\n]*|/\*.*?\*/|("{3,}).*?\1|\$?@\$?"(?:[^"]|"")*"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+'
        """", RegexOptions.Singleline)]
    private static partial Regex CommentOrText();
}
