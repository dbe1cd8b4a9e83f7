namespace Berth.Metadata.Relational;

/// <summary>A range of scopes in byte order: an index on scopes answers what is at, above or below one.</summary>
/// <param name="From">The first scope in the range.</param>
/// <param name="Until">The first scope after it.</param>
internal readonly record struct ScopeRange(string From, string Until)
{
    // No scope has a control character in it.
    private const char AfterEnd = '\u0001';
    private const char AfterSlash = (char)('/' + 1);

    /// <summary>The one scope.</summary>
    public static ScopeRange Of(ResourceScope scope) => new(scope.Value, scope.Value + AfterEnd);

    /// <summary>What is strictly below the scope.</summary>
    public static ScopeRange Below(ResourceScope scope) =>
        scope == ResourceScope.Root ? new("/" + AfterEnd, $"{AfterSlash}") : new(scope.Value + '/', scope.Value + AfterSlash);

    /// <summary>What of the range comes after a scope that a page ended with; the whole of it for null.</summary>
    public ScopeRange After(string? scope) => string.CompareOrdinal(scope, From) > 0 ? this with { From = scope! } : this;

    /// <summary>What a list reaches, in order, disjoint.</summary>
    public static IReadOnlyList<ScopeRange> Reached(ResourceScope scope, ScopeReach reach) => reach switch
    {
        ScopeReach.AtOrAbove => [.. scope.SelfAndAbove().Select(Of)],
        ScopeReach.AtOrBelow => [Of(scope), Below(scope)],
        _ => [Of(scope)],
    };
}
