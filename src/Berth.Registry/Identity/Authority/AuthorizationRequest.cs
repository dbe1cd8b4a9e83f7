using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>What a program asks a person for by way of the browser (RFC 6749, 4.1.1; RFC 7636, 4.3).</summary>
/// <param name="ClientId">The program.</param>
/// <param name="Return">Where the browser goes afterwards.</param>
/// <param name="Challenge">The hash of the secret that the program keeps for the code.</param>
/// <param name="Scope">The scope parameter, or null.</param>
/// <param name="Resource">The resource parameter, or null.</param>
/// <param name="Nonce">What the id token is to repeat, or null.</param>
/// <param name="Hint">The user name that the program expects, or null.</param>
internal sealed record AuthorizationRequest(
    string ClientId, ReturnAddress Return, string Challenge, string? Scope, string? Resource, string? Nonce, string? Hint)
{
    private const int ChallengeLength = 43;
    private const int MaxHintLength = 256;

    /// <summary>The program and where it is; everything else that is wrong is told to it there.</summary>
    /// <exception cref="AuthorityException">It cannot be told, because the address is none that may be used.</exception>
    public static (string ClientId, ReturnAddress Return) ReadSender(IQueryCollection query)
    {
        if (!Guid.TryParse(One(query, "client_id"), out var clientId)) throw new AuthorityException("unauthorized_client", 700016, "'client_id' must be a GUID, once.");
        if (One(query, "redirect_uri") is not { } address || !ReturnAddress.IsAllowed(address))
            throw AuthorityException.Invalid("'redirect_uri' must be http://localhost or http://127.0.0.1, with any port and path: a program on this machine.", 50011);
        return (clientId.ToString(), new ReturnAddress(address, One(query, "response_mode") == "form_post", One(query, "state")));
    }

    /// <summary>Reads the rest.</summary>
    /// <exception cref="AuthorityException">Something in it is wrong.</exception>
    public static AuthorizationRequest Read(IQueryCollection query, string clientId, ReturnAddress sender)
    {
        if (One(query, "response_type") != "code") throw new AuthorityException("unsupported_response_type", 700054, "'response_type' must be 'code'.");
        if (One(query, "response_mode") is not (null or "query" or "form_post"))
            throw AuthorityException.Invalid("'response_mode' must be 'query' or 'form_post'.");
        if (One(query, "code_challenge_method") != "S256" || One(query, "code_challenge") is not { Length: ChallengeLength } challenge)
            throw AuthorityException.Invalid("A 'code_challenge' with 'code_challenge_method=S256' is needed (RFC 7636).", 9002325);
        if (One(query, "prompt") == "none") throw new AuthorityException("login_required", 50058, "No sign-in is kept here; the person must be asked.");

        var hint = One(query, "login_hint");
        return new AuthorizationRequest(
            clientId, sender, challenge, One(query, "scope"), One(query, "resource"), One(query, "nonce"), hint?.Length <= MaxHintLength ? hint : null);
    }

    private static string? One(IQueryCollection query, string name) => query[name] is [{ Length: > 0 } value] ? value : null;
}
