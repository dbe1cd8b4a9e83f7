namespace Berth.Registry.ApiReference;

/// <summary>One call of the API, as its document describes it.</summary>
/// <param name="Name">Its name, which no other call has.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path, with names in braces.</param>
/// <param name="Part">The part of the API that it belongs to.</param>
/// <param name="Summary">What it does, in one sentence.</param>
internal sealed record ApiCall(string Name, string Method, string Path, ApiPart Part, string Summary)
{
    /// <summary>What the caller must be permitted to do; null where that is nothing, or nothing but to sign in.</summary>
    public string? Right { get; init; }

    /// <summary>What the query and the headers may or must say.</summary>
    public IReadOnlyList<ApiParameter> Parameters { get; init; } = [];

    /// <summary>The body that is sent; null for none.</summary>
    public ApiContent? Body { get; init; }

    /// <summary>The answers of a call that was done.</summary>
    public IReadOnlyList<ApiAnswer> Answers { get; init; } = [];

    /// <summary>The statuses of its errors beside those that every call of its part has.</summary>
    public IReadOnlyList<int> Errors { get; init; } = [];

    /// <summary>The names in braces, in the path's order.</summary>
    public IEnumerable<string> PathNames => Path.Split('{').Skip(1).Select(piece => piece[..piece.IndexOf('}', StringComparison.Ordinal)]);
}

/// <summary>A parameter of the query, or a header.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is.</param>
/// <param name="IsRequired">Whether a request without it is refused.</param>
/// <param name="In">Where it stands: <c>query</c> or <c>header</c>.</param>
/// <param name="Type">Its type in JSON Schema's words.</param>
internal sealed record ApiParameter(string Name, string Description, bool IsRequired = false, string In = "query", string Type = "string");

/// <summary>A body.</summary>
/// <param name="Schema">The schema's name, with <c>[]</c> behind it for a page of a list; null for bytes.</param>
/// <param name="MediaType">Its media type.</param>
/// <param name="IsRequired">Whether a request without it is refused.</param>
internal sealed record ApiContent(string? Schema, string MediaType = "application/json", bool IsRequired = true);

/// <summary>An answer.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Content">Its body; null for none.</param>
/// <param name="Headers">Headers that say something beside it.</param>
internal sealed record ApiAnswer(int Status, ApiContent? Content = null, params IReadOnlyList<string> Headers);
