namespace Berth.Registry.Identity.Directory;

/// <summary>A password that somebody is given, on its way to its hash.</summary>
internal static class NewPassword
{
    private const int MinLength = 8;

    /// <summary>The hash of the password in a <c>passwordProfile</c>, or null when there is none.</summary>
    /// <exception cref="GraphException">It cannot be a password.</exception>
    public static string? Of(GraphBody body)
    {
        if (body.Object("passwordProfile") is not { } profile) return null;
        if (profile.Flag("forceChangePasswordNextSignIn") == true)
        {
            throw GraphException.BadRequest(
                "The property 'passwordProfile.forceChangePasswordNextSignIn' must be false: docker and podman cannot change a password as they sign in.");
        }

        return profile.RawText("password") is { } password ? Hash(password, "passwordProfile.password") : throw profile.Missing("password");
    }

    /// <summary>The hash of a password.</summary>
    /// <exception cref="GraphException">It cannot be a password.</exception>
    public static string Hash(string password, string property)
    {
        if (password.Length < MinLength) throw GraphException.BadRequest($"The property '{property}' must have {MinLength} characters at least.");
        try
        {
            return PasswordHash.Create(password);
        }
        catch (ArgumentException)
        {
            throw GraphException.BadRequest(
                $"The property '{property}' must have {PasswordHash.MaxPasswordBytes} bytes of UTF-8 at most and no control characters.");
        }
    }
}
