using System.Globalization;
using System.Text.Json;

namespace Berth.Cli.Query;

/// <summary>Reads a JMESPath expression (jmespath.org/specification): what binds stronger is read first.</summary>
internal sealed class Parser
{
    private const int MaxDepth = 50;
    private const int MaxParts = 500;
    private const int PipePower = 1;
    private const int OrPower = 2;
    private const int AndPower = 3;
    private const int ComparePower = 5;
    private const int FlattenPower = 9;
    private const int ProjectionStop = 10;
    private const int StarPower = 20;
    private const int FilterPower = 21;
    private const int DotPower = 40;
    private const int NotPower = 45;
    private const int BracketPower = 55;

    private readonly List<Token> _tokens;
    private int _at;
    private int _depth;
    private int _parts;

    private Parser(List<Token> tokens) => _tokens = tokens;

    private Token Here => _tokens[_at];

    /// <summary>The expression of a text.</summary>
    /// <exception cref="QueryException">It is none.</exception>
    public static Expression Parse(string text)
    {
        var parser = new Parser(Tokenizer.Read(text));
        var whole = parser.Read(0);
        return parser.Here.Kind == TokenKind.End ? whole : throw parser.Unexpected("the end");
    }

    private Expression Read(int power)
    {
        if (++_depth > MaxDepth) throw new QueryException(Here.Position, $"it is nested more than {MaxDepth} deep");
        var left = ReadFirst();
        while (power < PowerOf(Here))
        {
            // Each lies around the one before, so a long chain is as deep as a nest.
            if (++_parts > MaxParts) throw new QueryException(Here.Position, $"it has more than {MaxParts} parts");
            left = ReadNext(left);
        }

        _depth--;
        return left;
    }

    private static int PowerOf(Token token) => token.Kind != TokenKind.Symbol ? 0 : token.Text switch
    {
        "|" => PipePower,
        "||" => OrPower,
        "&&" => AndPower,
        "==" or "!=" or "<" or "<=" or ">" or ">=" => ComparePower,
        "[]" => FlattenPower,
        "[?" => FilterPower,
        "." => DotPower,
        "[" => BracketPower,
        _ => 0,
    };

    private Expression ReadFirst()
    {
        var token = Take();
        switch (token.Kind)
        {
            case TokenKind.Name when Here.Is("("): return ReadCall(token);
            case TokenKind.Name or TokenKind.QuotedName: return new Expression.Field(token.Text);
            case TokenKind.Literal: return new Expression.Literal(LiteralOf(token));
            case TokenKind.RawText: return new Expression.Literal(Values.Of(token.Text));
            case TokenKind.Symbol: return ReadSymbol(token);
            default: throw Unexpected("an expression", token);
        }
    }

    private Expression ReadSymbol(Token token)
    {
        switch (token.Text)
        {
            case "@": return new Expression.Current();
            case "*": return new Expression.Projection(new Expression.Current(), ReadProjected(StarPower), ProjectionKind.Object);
            case "!": return new Expression.Not(Read(NotPower));
            case "[]": return new Expression.Projection(new Expression.Current(), ReadProjected(FlattenPower), ProjectionKind.Flattened);
            case "[?": return ReadFilter(new Expression.Current());
            case "{": return ReadHash();
            case "[":
                return Here.Kind == TokenKind.Number || Here.Is(":") || (Here.Is("*") && _tokens[_at + 1].Is("]"))
                    ? ReadIndex(new Expression.Current())
                    : new Expression.List(ReadUntil("]", () => Read(0)));
            case "(":
                var inner = Read(0);
                Expect(")");
                return inner;
            default: throw Unexpected("an expression", token);
        }
    }

    private Expression ReadNext(Expression left)
    {
        var token = Take();
        return token.Text switch
        {
            "|" => new Expression.Then(left, Read(PipePower)),
            "||" => new Expression.Or(left, Read(OrPower)),
            "&&" => new Expression.And(left, Read(AndPower)),
            "[]" => new Expression.Projection(left, ReadProjected(FlattenPower), ProjectionKind.Flattened),
            "[?" => ReadFilter(left),
            "." when Here.Is("*") => ReadValues(left),
            "." => new Expression.Then(left, ReadAfterDot(DotPower)),
            "[" => ReadIndex(left),
            _ => new Expression.Comparison(left, token.Text, Read(ComparePower)),
        };
    }

    private Expression.Projection ReadValues(Expression left)
    {
        Take();
        return new Expression.Projection(left, ReadProjected(StarPower), ProjectionKind.Object);
    }

    private Expression ReadAfterDot(int power) =>
        Here.Kind is TokenKind.Name or TokenKind.QuotedName || Here.Is("*") || Here.Is("{") ? Read(power)
        : Here.Is("[") && !(_tokens[_at + 1].Kind == TokenKind.Number || _tokens[_at + 1].Is(":")) ? Read(power)
        : throw Unexpected("a name, '*', '[' or '{'");

    // A projection ends where something begins that binds weaker: a pipe, a comparison, a bracket that closes.
    private Expression ReadProjected(int power)
    {
        if (PowerOf(Here) < ProjectionStop) return new Expression.Current();
        if (!Here.Is(".")) return Read(power);
        Take();
        return ReadAfterDot(power);
    }

    private Expression.Filter ReadFilter(Expression left)
    {
        var condition = Read(0);
        Expect("]");
        return new Expression.Filter(left, condition, ReadProjected(FilterPower));
    }

    private Expression ReadIndex(Expression left)
    {
        if (Here.Is("*"))
        {
            Take();
            Expect("]");
            return new Expression.Projection(left, ReadProjected(StarPower), ProjectionKind.List);
        }

        var first = ReadNumber();
        if (!Here.Is(":"))
        {
            if (first is null) throw Unexpected("a number, ':' or '*'");
            Expect("]");
            return new Expression.Then(left, new Expression.Index(first.Value));
        }

        Take();
        var stop = ReadNumber();
        int? step = null;
        if (Here.Is(":"))
        {
            Take();
            var position = Here.Position;
            step = ReadNumber();
            if (step == 0) throw new QueryException(position, "a slice's step must not be 0");
        }

        Expect("]");
        return new Expression.Projection(
            new Expression.Then(left, new Expression.Slice(first, stop, step ?? 1)), ReadProjected(StarPower), ProjectionKind.List);
    }

    private int? ReadNumber()
    {
        if (Here.Kind != TokenKind.Number) return null;
        var token = Take();
        return int.TryParse(token.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new QueryException(token.Position, $"{token.Text} is too large");
    }

    private Expression.Hash ReadHash() => new(ReadUntil("}", () =>
    {
        var name = Take();
        if (name.Kind is not (TokenKind.Name or TokenKind.QuotedName)) throw Unexpected("a name", name);
        Expect(":");
        return KeyValuePair.Create(name.Text, Read(0));
    }));

    private Expression.Call ReadCall(Token name)
    {
        Take();
        List<Expression> arguments = [];
        if (Here.Is(")")) Take();
        else arguments = ReadUntil(")", ReadArgument);
        Functions.Check(name, arguments);
        return new Expression.Call(name.Text, arguments, name.Position);
    }

    private Expression ReadArgument()
    {
        if (!Here.Is("&")) return Read(0);
        Take();
        return new Expression.Reference(Read(0));
    }

    private List<T> ReadUntil<T>(string end, Func<T> read)
    {
        var items = new List<T> { read() };
        while (Here.Is(","))
        {
            Take();
            items.Add(read());
        }

        Expect(end);
        return items;
    }

    // A text without its quotes is one, too, as it is to the Azure CLI: older scripts say `text`.
    private static JsonElement LiteralOf(Token token) =>
        JsonOf(token.Text) ?? JsonOf($"\"{token.Text}\"")
        ?? throw new QueryException(token.Position, "what stands between the backquotes is no JSON; texts are in single quotes");

    private static JsonElement? JsonOf(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private Token Take() => Here.Kind == TokenKind.End ? Here : _tokens[_at++];

    private void Expect(string symbol)
    {
        if (!Here.Is(symbol)) throw Unexpected($"'{symbol}'");
        _at++;
    }

    private QueryException Unexpected(string wanted) => Unexpected(wanted, Here);

    private static QueryException Unexpected(string wanted, Token found) => new(found.Position, $"{wanted} is needed and {found.Described} found");
}
