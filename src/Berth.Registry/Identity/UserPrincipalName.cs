namespace Berth.Registry.Identity;

/// <summary>The form of people's user names: <c>name@domain</c>, which no other kind of principal has.</summary>
internal static class UserPrincipalName
{
    /// <summary>Whether a text in lower case is one.</summary>
    public static bool IsGood(string name)
    {
        var at = name.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && at < name.Length - 1 && name.LastIndexOf('@') == at && !name.Any(c => c is ':' or '/' or '\'' || char.IsWhiteSpace(c));
    }
}
