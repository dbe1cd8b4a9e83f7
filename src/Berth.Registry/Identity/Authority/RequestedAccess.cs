namespace Berth.Registry.Identity.Authority;

/// <summary>What a client asks a token for: one audience, by <c>scope</c> or by <c>resource</c>, and what OpenID Connect adds.</summary>
/// <param name="Audience">The audience, as tokens name it.</param>
/// <param name="Scope">The scope in the client's own spelling, which is how it looks its tokens up.</param>
/// <param name="Resource">The resource that was asked for, or null.</param>
/// <param name="IsRenewable">Whether a refresh token is wanted.</param>
internal sealed record RequestedAccess(string Audience, string Scope, string? Resource, bool IsRenewable)
{
    private const int MaxScopeLength = 1_024;
    private const int MaxResourceLength = 512;

    /// <summary>Reads what is asked for.</summary>
    /// <param name="scope">The scope parameter, or null.</param>
    /// <param name="resource">The resource parameter of the first version of Entra's protocol, or null.</param>
    /// <param name="audiences">The audiences there are.</param>
    /// <param name="usual">The audience of somebody who names none; null where one must be named.</param>
    /// <exception cref="AuthorityException">There is no such audience, or several are asked for.</exception>
    public static RequestedAccess Parse(string? scope, string? resource, IReadOnlyList<string> audiences, string? usual)
    {
        if (scope?.Length > MaxScopeLength || resource?.Length > MaxResourceLength)
            throw AuthorityException.Invalid($"'scope' may have {MaxScopeLength} characters at most, 'resource' {MaxResourceLength}.");

        var audience = resource is null ? null : FindAudience(resource, audiences) ?? throw Unknown("invalid_resource", resource);
        var asked = new List<string>();
        var isRenewable = resource is not null;
        foreach (var item in (scope ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (item is "offline_access") isRenewable = true;
            if (item is "openid" or "profile" or "email") asked.Add(item);
            if (item is "offline_access" or "openid" or "profile" or "email") continue;

            var found = FindAudience(ResourceOf(item), audiences) ?? throw Unknown("invalid_scope", item);
            if (audience is not null && audience != found)
                throw new AuthorityException("invalid_scope", 28000, "The scopes are of several resources; ask for one token for each.");
            audience = found;
            asked.Insert(0, item);
        }

        audience ??= usual ?? throw AuthorityException.Invalid($"The form needs 'scope', such as '{audiences[0]}/.default'.", 90014);
        if (!asked.Exists(IsOfResource)) asked.Insert(0, $"{audience}/.default");
        return new RequestedAccess(audience, string.Join(' ', asked), resource, isRenewable);
    }

    private static bool IsOfResource(string scope) => scope is not ("openid" or "profile" or "email");

    private static string ResourceOf(string scope)
    {
        foreach (var end in (ReadOnlySpan<string>)["/.default", "/user_impersonation"])
        {
            if (scope.EndsWith(end, StringComparison.OrdinalIgnoreCase)) return scope[..^end.Length];
        }

        return "";
    }

    private static string? FindAudience(string resource, IReadOnlyList<string> audiences) =>
        audiences.FirstOrDefault(audience => audience.Equals(resource.TrimEnd('/'), StringComparison.OrdinalIgnoreCase));

    private static AuthorityException Unknown(string error, string what) => new(
        error, 500011, $"'{ClientText.Shorten(what, 200)}' is no resource of this installation; /.well-known/berth names its addresses.");
}
