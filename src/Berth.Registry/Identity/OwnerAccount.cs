using System.Security.Cryptography;
using Berth.Metadata;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

/// <summary>The account that owns the installation. There is no default password: it is given, or generated and shown once.</summary>
public sealed partial class OwnerAccount(IInstallation installation, ILogger<OwnerAccount> logger)
{
    /// <summary>The owner's user name.</summary>
    public const string Name = "owner";

    private Func<Task> _settle = () => Task.CompletedTask;
    private Lazy<Task> _settled = new(Task.CompletedTask);

    /// <summary>
    /// Makes sure that there is an owner. A first start takes the configured password, or generates one. On a later one, whether the configured
    /// password is the owner's already takes a slow hash to say: that is left to <see cref="SettleAsync"/>.
    /// </summary>
    /// <param name="configured">The password from the environment, or null.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The generated password, to be shown once; else null.</returns>
    /// <exception cref="ArgumentException">The configured password is empty or too long.</exception>
    public async Task<string?> EnsureAsync(string? configured, CancellationToken cancellationToken)
    {
        if (configured is not null) PasswordHash.BytesOf(configured);
        var owner = await installation.FindPrincipalAsync(Name, cancellationToken);
        if (owner?.PasswordHash is { } hash)
        {
            if (configured is not null) _settle = () => Task.Run(() => ReplaceAsync(hash, configured), CancellationToken.None);
            _settled = new Lazy<Task>(_settle);
            return null;
        }

        var generated = configured is null ? RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", 28) : null;
        await installation.SetPasswordAsync(Name, PasswordHash.Create(configured ?? generated!), Caller.System, cancellationToken);
        if (configured is not null) LogPasswordSet();
        return generated;
    }

    /// <summary>
    /// Completes when the owner's password is the configured one. The first call begins it; every sign-in waits for it, so that a password that was
    /// replaced in the environment is good no more. After a failure the next call begins anew.
    /// </summary>
    public Task SettleAsync()
    {
        var settled = _settled;
        if (settled is { IsValueCreated: true, Value.IsFaulted: true }) Interlocked.CompareExchange(ref _settled, new Lazy<Task>(_settle), settled);
        return _settled.Value;
    }

    private async Task ReplaceAsync(string hash, string configured)
    {
        if (PasswordHash.Verify(hash, PasswordHash.BytesOf(configured))) return;
        await installation.SetPasswordAsync(Name, PasswordHash.Create(configured), Caller.System, CancellationToken.None);
        LogPasswordSet();
    }
}
