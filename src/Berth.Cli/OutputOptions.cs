using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Query;
using Berth.Cli.Session;

namespace Berth.Cli;

/// <summary>The flags that say what of an answer is printed, and how.</summary>
internal sealed class OutputOptions
{
    private readonly Option<OutputFormat> _format = new("--output", "-o") { Description = "json, table, tsv, yaml or csv.", DefaultValueFactory = _ => OutputFormat.Json };
    private readonly Option<string?> _query = new("--query") { Description = "A JMESPath expression: what of the answer is printed." };

    /// <summary>Adds the flags to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_format);
        command.Add(_query);
    }

    /// <summary>Whether one of them is given; what people read may have a form of its own without.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.GetResult(_format) is { Implicit: false } || parsed.GetValue(_query) is not null;

    /// <summary>What prints the answer. It is read before anything is done: a command whose answer cannot be printed should not run.</summary>
    /// <exception cref="QueryException">The query cannot be read.</exception>
    public Printer Read(ParseResult parsed) => new(parsed.GetValue(_format), parsed.GetValue(_query) is { } query ? JmesPath.Parse(query) : null);

    /// <summary>Prints an answer in a form, or what a query makes of it.</summary>
    internal sealed class Printer(OutputFormat format, JmesPath? query)
    {
        /// <summary>Whether the answer itself is printed for people, who need not see each property.</summary>
        public bool IsPlainTable => format == OutputFormat.Table && query is null;

        /// <summary>Prints an object or a list; nothing when the query finds nothing, as az does.</summary>
        /// <param name="answer">The answer.</param>
        /// <param name="isOfChange">Whether the answer is given once: when the query cannot be applied to it, all of it is printed, since it may hold a secret.</param>
        /// <exception cref="QueryException">The query cannot be applied to the answer.</exception>
        /// <exception cref="ClientException">It cannot, and the answer, which is given once, was printed.</exception>
        public async Task WriteAsync(JsonElement answer, bool isOfChange = false)
        {
            JsonElement value;
            try
            {
                value = query is null ? answer : query.Search(answer);
            }
            catch (QueryException e) when (isOfChange)
            {
                await OutputFormats.WriteAsync(answer, format);
                throw new ClientException($"it is done, and all of the answer is printed, because the query cannot be applied to it: {e.Message}");
            }

            if (query is null || value.ValueKind != JsonValueKind.Null) await OutputFormats.WriteAsync(value, format);
        }

        /// <summary>Prints a list of objects. As JSON it is printed while it is read; the other forms need all of it for their columns.</summary>
        public async Task WriteAsync(IAsyncEnumerable<JsonElement> items, CancellationToken cancellationToken)
        {
            if (query is null && format == OutputFormat.Json) await OutputFormats.WriteJsonAsync(items, cancellationToken);
            else await WriteAsync(Json.Array(await items.ToListAsync(cancellationToken)));
        }

        /// <summary>Prints names.</summary>
        public async Task WriteAsync(IAsyncEnumerable<string> names, CancellationToken cancellationToken)
        {
            if (query is null)
            {
                await OutputFormats.WriteAsync(names, format, cancellationToken);
                return;
            }

            var all = new List<JsonElement>();
            await foreach (var name in names.WithCancellation(cancellationToken)) all.Add(Values.Of(name));
            await WriteAsync(Json.Array(all));
        }
    }
}
