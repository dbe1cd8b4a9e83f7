namespace Berth.Cli.Query;

/// <summary>A function: what it takes, and what it does.</summary>
/// <param name="Signature">
/// A letter for each argument: <c>n</c> number, <c>s</c> text, <c>o</c> object, <c>a</c> list, <c>N</c> list of numbers, <c>S</c> list of texts, <c>O</c> list of numbers or of texts,
/// <c>c</c> and <c>r</c> list or text, <c>l</c> list, text or object, <c>*</c> anything, <c>&amp;</c> an expression. A <c>+</c> at the end lets the last one come again.
/// </param>
/// <param name="Run">What it does.</param>
internal sealed record Function(string Signature, Func<Arguments, System.Text.Json.JsonElement> Run)
{
    /// <summary>How many arguments there must be at least.</summary>
    public int Count => TakesMore ? Signature.Length - 1 : Signature.Length;

    /// <summary>Whether there may be more.</summary>
    public bool TakesMore => Signature.EndsWith('+');

    /// <summary>Whether it takes so many.</summary>
    public bool Takes(int count) => TakesMore ? count >= Count : count == Count;

    /// <summary>The letter of an argument.</summary>
    public char KindOf(int position) => Signature[Math.Min(position, Count - 1)];
}
