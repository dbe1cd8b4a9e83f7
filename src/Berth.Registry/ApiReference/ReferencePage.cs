using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Berth.Registry.ApiReference;

/// <summary>Writes the API's description as one HTML page: self-contained, without scripts, so that it works offline and under the strictest policy.</summary>
internal sealed class ReferencePage
{
    private const string Style = """
        body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#f3f4f6;color:#1f2937;display:grid;grid-template-columns:18rem minmax(0,1fr)}
        nav{position:sticky;top:0;height:100vh;overflow:auto;box-sizing:border-box;padding:1rem;background:#fff;border-right:1px solid #d1d5db;font-size:13px}
        nav ul{list-style:none;margin:0 0 .6rem;padding:0 0 0 .6rem}nav a,a{color:#1d4ed8;text-decoration:none;overflow-wrap:anywhere}a:hover{text-decoration:underline}
        main{padding:1.5rem 2rem;max-width:62rem}h1{font-size:1.5rem;margin:0}h2{font-size:1.2rem;margin:2rem 0 .3rem}h3{font-size:.95rem;margin:.8rem 0 .2rem}
        details{background:#fff;border:1px solid #d1d5db;border-radius:.3rem;margin:.35rem 0}summary{padding:.35rem .6rem;cursor:pointer;overflow-wrap:anywhere}
        details>div{padding:0 .9rem .8rem;border-top:1px solid #e5e7eb}code{font-size:.92em;overflow-wrap:anywhere}.verb{display:inline-block;min-width:3.6rem;font-weight:700}
        .get,.head{color:#15803d}.post{color:#1d4ed8}.put,.patch{color:#b45309}.delete{color:#b91c1c}p{margin:.4rem 0}.note{color:#6b7280}
        table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #e5e7eb;padding:.2rem .5rem .2rem 0;text-align:left;vertical-align:top}
        @media(max-width:50rem){body{display:block}nav{position:static;height:auto;border:0}main{padding:1rem}}
        @media(prefers-color-scheme:dark){body{background:#111827;color:#e5e7eb}nav,details{background:#1f2937;border-color:#374151}details>div,td,th{border-color:#374151}
        nav a,a{color:#93c5fd}.get,.head{color:#86efac}.post{color:#93c5fd}.put,.patch{color:#fcd34d}.delete{color:#fca5a5}.note{color:#9ca3af}}
        """;

    private readonly StringBuilder _html = new();

    private ReferencePage()
    {
    }

    /// <summary>What the page may do: show its own style, and nothing else.</summary>
    public static string ContentSecurityPolicy { get; } =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

    /// <summary>The page of these calls, as UTF-8.</summary>
    /// <param name="calls">The calls, in the order of their parts.</param>
    /// <param name="document">Where the document for programs is.</param>
    public static byte[] Write(IReadOnlyList<ApiCall> calls, string document)
    {
        var page = new ReferencePage();
        page.WriteAll([.. calls.GroupBy(call => call.Part)], document);
        return Encoding.UTF8.GetBytes(page._html.ToString());
    }

    private void WriteAll(IReadOnlyList<IGrouping<ApiPart, ApiCall>> parts, string document)
    {
        var schemas = ApiSchemas.Read();
        Add($"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Berth: API reference</title>
            <style>{Style}</style></head><body><nav aria-label="Parts of the API"><ul>
            """);
        foreach (var part in parts) Add($"""<li><a href="#{Anchor(part.Key)}">{Text(part.Key.Name)}</a> <span class="note">{part.Count()}</span></li>""");
        Add("""<li><a href="#schemas">Schemas</a></li></ul>""");
        foreach (var part in parts)
        {
            Add($"<strong>{Text(part.Key.Name)}</strong><ul>");
            foreach (var call in part) Add($"""<li><a href="#{Text(call.Name)}">{Text(call.Name)}</a></li>""");
            Add("</ul>");
        }

        Add($"""
            </nav><main><h1>API reference</h1><p>The same for programs, as an OpenAPI 3.1 document: <a href="{document}">{document}</a>. Every error is the JSON that its part says.</p>
            """);
        foreach (var part in parts) WritePart(part);
        Add("""<h2 id="schemas">Schemas</h2>""");
        foreach (var schema in schemas) WriteSchema(schema.Name, schema.Value);
        Add("</main></body></html>\n");
    }

    private void WritePart(IGrouping<ApiPart, ApiCall> part)
    {
        Add($"""<h2 id="{Anchor(part.Key)}">{Text(part.Key.Name)}</h2><p>{Text(part.Key.Description)} Errors: <a href="#schema-{part.Key.ErrorSchema}">{part.Key.ErrorSchema}</a>.</p>""");
        foreach (var call in part) WriteCall(call);
    }

    private void WriteCall(ApiCall call)
    {
        Add($"""
            <details><summary><code class="verb {call.Method.ToLowerInvariant()}">{call.Method}</code> <code>{Text(call.Path)}</code></summary><div id="{Text(call.Name)}">
            <p>{Text(call.Summary)}</p><p class="note"><code>{Text(call.Name)}</code>{(call.Right is null ? "" : $" · needs <code>{Text(call.Right)}</code>")}</p>
            """);
        if (call.PathNames.Any() || call.Parameters.Count > 0)
        {
            Add("<h3>Parameters</h3><table>");
            foreach (var name in call.PathNames) WriteRow(name, "path", PathNames.Describe(name));
            foreach (var parameter in call.Parameters) WriteRow(parameter.Name, parameter.IsRequired ? $"{parameter.In}, required" : parameter.In, parameter.Description);
            Add("</table>");
        }

        if (call.Body is { } body) Add($"<h3>Body</h3><p>{Link(body)}{(body.IsRequired ? "" : ", or none")}</p>");
        Add("<h3>Answers</h3><table>");
        foreach (var answer in call.Answers)
        {
            var headers = answer.Headers.Count == 0 ? "" : $" Headers: {Text(string.Join(", ", answer.Headers))}.";
            Add($"<tr><td><code>{answer.Status}</code></td><td>{Text(HttpStatuses.Describe(answer.Status))}{headers}</td><td>{(answer.Content is { } content ? Link(content) : "")}</td></tr>");
        }

        Add($"""<tr><td><code>{string.Join(", ", call.Part.Errors.Union(call.Errors).Order())}</code></td><td>Errors.</td><td><a href="#schema-{call.Part.ErrorSchema}">{call.Part.ErrorSchema}</a></td></tr>""");
        Add("</table></div></details>");
    }

    private void WriteSchema(string name, JsonElement schema)
    {
        Add($"""<details><summary><code>{Text(name)}</code></summary><div id="schema-{Text(name)}"><p>{Text(DescriptionOf(schema))}</p><table>""");
        WriteProperties(schema, "");
        Add("</table></div></details>");
    }

    private void WriteProperties(JsonElement schema, string path)
    {
        if (!schema.TryGetProperty("properties"u8, out var properties)) return;
        foreach (var property in properties.EnumerateObject())
        {
            Add($"<tr><td><code>{Text(path + property.Name)}</code></td><td>{TypeOf(property.Value)}</td><td>{Text(DescriptionOf(property.Value))}</td></tr>");
            WriteProperties(property.Value, $"{path}{property.Name}.");
            if (property.Value.TryGetProperty("items"u8, out var items)) WriteProperties(items, $"{path}{property.Name}[].");
        }
    }

    private static string TypeOf(JsonElement schema)
    {
        if (schema.TryGetProperty("$ref"u8, out var reference))
        {
            var name = reference.GetString()!.Split('/')[^1];
            return $"""<a href="#schema-{Text(name)}">{Text(name)}</a>""";
        }

        var type = !schema.TryGetProperty("type"u8, out var said) ? "any"
            : said.ValueKind == JsonValueKind.Array ? string.Join(" or ", said.EnumerateArray().Select(each => each.GetString())) : said.GetString()!;
        var of = schema.TryGetProperty("items"u8, out var items) ? $" of {TypeOf(items)}" : "";
        var values = schema.TryGetProperty("enum"u8, out var known) ? $": {Text(string.Join(", ", known.EnumerateArray().Select(each => each.ToString())))}" : "";
        var isReadOnly = schema.TryGetProperty("readOnly"u8, out var flag) && flag.GetBoolean();
        return $"{Text(type)}{of}{values}{(isReadOnly ? ", read-only" : "")}";
    }

    private static string DescriptionOf(JsonElement schema) => schema.TryGetProperty("description"u8, out var description) ? description.GetString()! : "";

    private void WriteRow(string name, string place, string description) =>
        Add($"<tr><td><code>{Text(name)}</code></td><td>{Text(place)}</td><td>{Text(description)}</td></tr>");

    private static string Link(ApiContent content)
    {
        if (content.Schema is not { } schema) return $"<code>{Text(content.MediaType)}</code>";
        var isList = schema.EndsWith("[]", StringComparison.Ordinal);
        var name = isList ? schema[..^2] : schema;
        return $"""<code>{Text(content.MediaType)}</code>: {(isList ? "a page of " : "")}<a href="#schema-{Text(name)}">{Text(name)}</a>""";
    }

    private void Add(string html) => _html.Append(html).Append('\n');

    private static string Anchor(ApiPart part) => "part-" + part.Name.Replace(' ', '-').ToLowerInvariant();

    private static string Text(string text) => HtmlEncoder.Default.Encode(text);
}
