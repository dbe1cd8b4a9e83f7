using System.Diagnostics.CodeAnalysis;
using Berth.Oci;

namespace Berth.Registry.Identity.Authorization;

/// <summary>
/// One line of a scope map: <c>repositories/{name}/content/read</c> and its like, where the name may be <c>*</c> or end in <c>/*</c>; or
/// <c>gateway/{id}/config/read</c> and its like for connected registries, which grant nothing here.
/// </summary>
/// <param name="Text">The line as it was written.</param>
/// <param name="Repositories">The repositories it is about.</param>
/// <param name="Granted">What it grants on them.</param>
public sealed record ScopeMapAction(string Text, NameSet Repositories, IReadOnlyList<RepositoryAction> Granted)
{
    private const string RepositoriesPrefix = "repositories/";
    private const string GatewayPrefix = "gateway/";

    private static readonly (string Ending, RepositoryAction[] Granted)[] RepositoryEndings =
    [
        ("/content/read", [RepositoryAction.ContentRead]),
        ("/content/write", [RepositoryAction.ContentWrite]),
        ("/content/delete", [RepositoryAction.ContentDelete, RepositoryAction.MetadataDelete]),
        ("/metadata/read", [RepositoryAction.MetadataRead]),
        ("/metadata/write", [RepositoryAction.MetadataWrite]),
    ];

    private static readonly string[] GatewayEndings = ["/config/read", "/config/write", "/message/read", "/message/write"];

    /// <summary>Reads a line; the error is a sentence that says what to write instead.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ScopeMapAction? action, [NotNullWhen(false)] out string? error)
    {
        action = null;
        error = null;
        if (IsGateway(text))
        {
            action = new(text, NameSet.None, []);
            return true;
        }

        var (ending, granted) = RepositoryEndings.FirstOrDefault(e => text.EndsWith(e.Ending, StringComparison.Ordinal));
        if (ending is null || !text.StartsWith(RepositoriesPrefix, StringComparison.Ordinal) || text.Length <= RepositoriesPrefix.Length + ending.Length)
        {
            error = $"'{Shorten(text)}' is no action of a scope map: write repositories/{{name}} followed by {string.Join(", ", RepositoryEndings.Select(e => e.Ending))}.";
            return false;
        }

        var name = text[RepositoriesPrefix.Length..^ending.Length];
        if (ReadName(name) is not { } repositories)
        {
            error = name.Contains('*', StringComparison.Ordinal)
                ? $"'{Shorten(name)}' has a wildcard where none may be: '*' stands alone for all repositories, or at the end after a slash, as in team-a/*."
                : $"'{Shorten(name)}' is no repository name: lower-case letters and digits, joined by '.', '_', '-' and '/', at most {RepositoryName.MaxLength} characters.";
            return false;
        }

        action = new(text, repositories, granted);
        return true;
    }

    private static NameSet? ReadName(string name)
    {
        if (name == "*") return NameSet.All;
        if (name.EndsWith("/*", StringComparison.Ordinal)) return RepositoryName.IsValid(name.AsSpan(0, name.Length - 2)) ? NameSet.StartingWith(name[..^1]) : null;
        return RepositoryName.TryParse(name, out var repository) ? NameSet.Of(repository) : null;
    }

    private static bool IsGateway(string text)
    {
        if (text.Length > RepositoryName.MaxLength || !text.StartsWith(GatewayPrefix, StringComparison.Ordinal)) return false;
        if (Array.Find(GatewayEndings, e => text.EndsWith(e, StringComparison.Ordinal)) is not { } ending) return false;
        if (text.Length <= GatewayPrefix.Length + ending.Length) return false;
        return text.AsSpan()[GatewayPrefix.Length..^ending.Length].IndexOfAnyExcept(GatewayCharacters) < 0;
    }

    private static readonly System.Buffers.SearchValues<char> GatewayCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*");

    private static string Shorten(string text) => ClientText.ShortenVisibly(text, 100);
}
