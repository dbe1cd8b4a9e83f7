using System.Text.Json;

namespace Berth.Cli.Query;

/// <summary>A part of an expression, which may have parts of its own; the evaluator has a step for each kind.</summary>
internal abstract record Expression
{
    /// <summary>The value itself: <c>@</c>.</summary>
    public sealed record Current : Expression;

    /// <summary>A property.</summary>
    /// <param name="Name">Its name.</param>
    public sealed record Field(string Name) : Expression;

    /// <summary>A constant.</summary>
    /// <param name="Value">What it is.</param>
    public sealed record Literal(JsonElement Value) : Expression;

    /// <summary>One entry of a list; a negative number counts from its end.</summary>
    /// <param name="Position">Which one.</param>
    public sealed record Index(int Position) : Expression;

    /// <summary>A part of a list.</summary>
    /// <param name="Start">The first entry, or null.</param>
    /// <param name="Stop">The entry before which it ends, or null.</param>
    /// <param name="Step">How far from one to the next; never 0.</param>
    public sealed record Slice(int? Start, int? Stop, int Step) : Expression;

    /// <summary>What the right side makes of the left one's value: <c>a.b</c>, and <c>a | b</c>.</summary>
    /// <param name="Left">The left side.</param>
    /// <param name="Right">The right side.</param>
    public sealed record Then(Expression Left, Expression Right) : Expression;

    /// <summary>The right side of each entry of the left side's list, without nulls.</summary>
    /// <param name="Left">Gives what is projected.</param>
    /// <param name="Right">What is taken of each.</param>
    /// <param name="Over">Which entries.</param>
    public sealed record Projection(Expression Left, Expression Right, ProjectionKind Over) : Expression;

    /// <summary>The right side of the entries for which a condition holds, without nulls.</summary>
    /// <param name="Left">Gives the list.</param>
    /// <param name="Condition">The condition.</param>
    /// <param name="Right">What is taken of each.</param>
    public sealed record Filter(Expression Left, Expression Condition, Expression Right) : Expression;

    /// <summary>A list of several things of one value.</summary>
    /// <param name="Items">The things.</param>
    public sealed record List(IReadOnlyList<Expression> Items) : Expression;

    /// <summary>An object of several things of one value.</summary>
    /// <param name="Items">The things with their names.</param>
    public sealed record Hash(IReadOnlyList<KeyValuePair<string, Expression>> Items) : Expression;

    /// <summary>A comparison.</summary>
    /// <param name="Left">The left side.</param>
    /// <param name="Operator">One of <c>==</c>, <c>!=</c>, <c>&lt;</c>, <c>&lt;=</c>, <c>&gt;</c>, <c>&gt;=</c>.</param>
    /// <param name="Right">The right side.</param>
    public sealed record Comparison(Expression Left, string Operator, Expression Right) : Expression;

    /// <summary>The left side when it says something, else the right one.</summary>
    /// <param name="Left">The left side.</param>
    /// <param name="Right">The right side.</param>
    public sealed record Or(Expression Left, Expression Right) : Expression;

    /// <summary>The left side when it says nothing, else the right one.</summary>
    /// <param name="Left">The left side.</param>
    /// <param name="Right">The right side.</param>
    public sealed record And(Expression Left, Expression Right) : Expression;

    /// <summary>Whether something says nothing.</summary>
    /// <param name="Inner">The thing.</param>
    public sealed record Not(Expression Inner) : Expression;

    /// <summary>An expression as an argument: <c>&amp;name</c>.</summary>
    /// <param name="Inner">The expression.</param>
    public sealed record Reference(Expression Inner) : Expression;

    /// <summary>A function of arguments.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Arguments">The arguments.</param>
    /// <param name="Position">Where it stands.</param>
    public sealed record Call(string Name, IReadOnlyList<Expression> Arguments, int Position) : Expression;
}

/// <summary>Over what a projection goes.</summary>
internal enum ProjectionKind
{
    /// <summary>A list's entries.</summary>
    List,

    /// <summary>An object's values.</summary>
    Object,

    /// <summary>A list's entries, with the lists among them dissolved.</summary>
    Flattened,
}
