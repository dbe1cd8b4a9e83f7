using System.Text;

namespace Berth.Cli.Evidence;

/// <summary>A page as Markdown.</summary>
internal sealed class MarkdownText : IPageText
{
    /// <inheritdoc/>
    public string Begin(string title) => $"# {Escape(title)}\n";

    /// <inheritdoc/>
    public string Heading(int level, string text) => $"\n{new string('#', level)} {Escape(text)}\n";

    /// <inheritdoc/>
    public string Paragraph(string text) => $"\n{Escape(text)}\n";

    /// <inheritdoc/>
    public string Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var text = new StringBuilder("\n").Append(Row(columns)).Append(Row([.. columns.Select(_ => "---")], isPlain: true));
        foreach (var row in rows) text.Append(Row(row));
        return text.ToString();
    }

    /// <inheritdoc/>
    public string End() => "";

    private static string Row(IReadOnlyList<string> cells, bool isPlain = false) => $"| {string.Join(" | ", cells.Select(cell => isPlain ? cell : Escape(cell)))} |\n";

    private static string Escape(string text)
    {
        var safe = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            if (c is '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '|' or '#' or '&' or '!') safe.Append('\\').Append(c);
            else safe.Append(char.IsControl(c) ? ' ' : c);
        }

        return safe.ToString();
    }
}
