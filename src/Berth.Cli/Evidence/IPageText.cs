namespace Berth.Cli.Evidence;

/// <summary>The text of a page: Markdown or HTML. Every value is written so that it is a text there and nothing else.</summary>
internal interface IPageText
{
    /// <summary>What the page begins with.</summary>
    string Begin(string title);

    /// <summary>A heading of the second or third level.</summary>
    string Heading(int level, string text);

    /// <summary>A paragraph.</summary>
    string Paragraph(string text);

    /// <summary>A table.</summary>
    string Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows);

    /// <summary>What the page ends with.</summary>
    string End();
}
