using System.Net;
using System.Text;

namespace Berth.Cli.Evidence;

/// <summary>A page as one HTML file that loads nothing and runs nothing.</summary>
internal sealed class HtmlText : IPageText
{
    private const string Style =
        "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}table{border-collapse:collapse;margin:.5rem 0 1.5rem;display:block;overflow-x:auto}"
        + "th,td{border:1px solid #bbb;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#eee;color:#111}";

    /// <inheritdoc/>
    public string Begin(string title) =>
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        + $"<meta name=\"viewport\" content=\"width=device-width\">\n<title>{Escape(title)}</title>\n<style>{Style}</style>\n</head>\n<body>\n<h1>{Escape(title)}</h1>\n";

    /// <inheritdoc/>
    public string Heading(int level, string text) => FormattableString.Invariant($"<h{level}>{Escape(text)}</h{level}>\n");

    /// <inheritdoc/>
    public string Paragraph(string text) => $"<p>{Escape(text)}</p>\n";

    /// <inheritdoc/>
    public string Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var text = new StringBuilder("<table>\n<thead><tr>").AppendJoin("", columns.Select(column => $"<th scope=\"col\">{Escape(column)}</th>")).Append("</tr></thead>\n<tbody>\n");
        foreach (var row in rows) text.Append("<tr>").AppendJoin("", row.Select(cell => $"<td>{Escape(cell)}</td>")).Append("</tr>\n");
        return text.Append("</tbody>\n</table>\n").ToString();
    }

    /// <inheritdoc/>
    public string End() => "</body>\n</html>\n";

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
