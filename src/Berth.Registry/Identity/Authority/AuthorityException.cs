using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>A refusal of the authority (RFC 6749, 5.2), with the number that Microsoft Entra gives it, where clients and their users know one.</summary>
internal sealed class AuthorityException(string error, int number, string message, int status = StatusCodes.Status400BadRequest) : Exception(message)
{
    /// <summary>The error of what is not good any more, or never was.</summary>
    public const string InvalidGrant = "invalid_grant";

    /// <summary>The error in OAuth's words.</summary>
    public string Error => error;

    /// <summary>Entra's number, or 0.</summary>
    public int Number => number;

    /// <summary>The HTTP status.</summary>
    public int Status => status;

    /// <summary>What a person reads.</summary>
    public string Description => number == 0 ? Message : $"AADSTS{number}: {Message}";

    /// <summary>The request is not as it must be.</summary>
    public static AuthorityException Invalid(string message, int number = 0) => new("invalid_request", number, message);

    /// <summary>What was brought is unknown, used, expired, another client's, or its principal may not sign in.</summary>
    public static AuthorityException BadGrant(int number, string message) => new(InvalidGrant, number, message);

    /// <summary>The client's own credential is not good; the same for a client that there is not.</summary>
    public static AuthorityException BadClient(int number, string message) => new("invalid_client", number, message, StatusCodes.Status401Unauthorized);

    /// <summary>The user name or the password is wrong, or the account is unknown or disabled: which, nobody is told.</summary>
    public static AuthorityException BadPassword() => BadGrant(50126, "The user name or the password is wrong.");
}
