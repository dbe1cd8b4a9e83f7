using System.Security.Cryptography;
using System.Text;
using Berth.Metadata;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

/// <summary>The account that owns the installation. There is no default password: it is given, or generated and shown once.</summary>
public sealed partial class OwnerAccount(IInstallation installation, ILogger<OwnerAccount> logger)
{
    /// <summary>The owner's user name.</summary>
    public const string Name = "owner";

    /// <summary>
    /// Makes sure that there is an owner. A configured password becomes the owner's when it is not already; without one, a first start
    /// generates it.
    /// </summary>
    /// <param name="configured">The password from the environment, or null.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The generated password, to be shown once; else null.</returns>
    /// <exception cref="ArgumentException">The configured password is empty or too long.</exception>
    public async Task<string?> EnsureAsync(string? configured, CancellationToken cancellationToken)
    {
        var owner = await installation.FindPrincipalAsync(Name, cancellationToken);
        if (configured is not null)
        {
            if (owner?.PasswordHash is { } hash && PasswordHash.Verify(hash, Encoding.UTF8.GetBytes(configured))) return null;
            await installation.SetPasswordAsync(Name, PasswordHash.Create(configured), Caller.System, cancellationToken);
            LogPasswordSet();
            return null;
        }

        if (owner is not null) return null;

        var generated = RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", 28);
        await installation.SetPasswordAsync(Name, PasswordHash.Create(generated), Caller.System, cancellationToken);
        return generated;
    }
}
