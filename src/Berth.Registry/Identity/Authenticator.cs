using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

/// <summary>
/// Says who asks: a registry token (RFC 6750), or HTTP Basic (RFC 7617) with a user name and password. A verified password is remembered for at most 60
/// seconds. Both hold only while the principal's security epoch stays the same; the epochs are read with each request.
/// </summary>
public sealed partial class Authenticator(
    IInstallation installation, OwnerAccount owner, AccessTokens tokens, AccessLog accessLog, IdentityOptions options, TimeProvider time, ILogger<Authenticator> logger) : IDisposable
{
    /// <summary>The longest token that is read or issued, in characters; the server takes headers of 32 KiB together.</summary>
    public const int MaxTokenLength = 24 * 1024;

    private const int MaxHeaderLength = 8 * 1024;
    private const int MaxVerifications = 2;

    private readonly TokenMemory _tokens = new(time);
    private readonly CredentialMemory _memory = new(options.CredentialMemory, time);
    private readonly ConcurrentDictionary<CredentialKey, Lazy<Task<Principal?>>> _underway = new();
    private readonly SemaphoreSlim _verifications = new(MaxVerifications);
    private readonly SemaphoreSlim _reverifications = new(1);
    private readonly SignInQueue _newcomers = new();

    /// <summary>Who asks, or null when the request has no good credential.</summary>
    /// <exception cref="OciException">Too many passwords are being verified at this moment.</exception>
    public async ValueTask<SignedIn?> AuthenticateAsync(HttpContext context, RegistryRecord registry)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) return await ReadTokenAsync(context, registry, header);
        return await AuthenticateBasicAsync(context, registry) is { } principal ? new SignedIn(principal, null) : null;
    }

    /// <summary>The principal of a user name and password, or null when the request has none that is good.</summary>
    /// <exception cref="OciException">Too many passwords are being verified at this moment.</exception>
    public async ValueTask<Principal?> AuthenticateBasicAsync(HttpContext context, RegistryRecord registry)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (header.Length is 0 or > MaxHeaderLength || !header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)) return null;
        return TryDecode(header.AsSpan("Basic ".Length), out var name, out var password)
            ? await AuthenticateAsync(context, registry, _memory.KeyOf(header), name, password)
            : null;
    }

    /// <summary>The principal of a user name and password, or null when they are not good.</summary>
    /// <exception cref="OciException">Too many passwords are being verified at this moment.</exception>
    public ValueTask<Principal?> AuthenticateAsync(HttpContext context, RegistryRecord registry, string name, string password)
    {
        var bytes = Encoding.UTF8.GetBytes(password);
        if (name.Length is 0 or > MaxHeaderLength || bytes.Length > MaxHeaderLength || name.Any(char.IsControl) || name.Contains(':')) return ValueTask.FromResult<Principal?>(null);

        // As a Basic header would have it, so that both know the credential by one key.
        var header = $"Basic {Convert.ToBase64String([.. Encoding.UTF8.GetBytes(name), (byte)':', .. bytes])}";
        return AuthenticateAsync(context, registry, _memory.KeyOf(header), name, bytes);
    }

    private async ValueTask<Principal?> AuthenticateAsync(HttpContext context, RegistryRecord registry, CredentialKey key, string name, byte[] password)
    {
        var known = _memory.Find(key);
        if (known is not null && await IsCurrentAsync(known, registry, context.RequestAborted)) return known;

        // Clients open many connections at once with one credential: it is verified once for all of them. It starts only once it stands
        // in the table: one that ended before would never be taken out, and its outcome would be this credential's for good.
        var origin = new Origin(registry.Id, context.Connection.RemoteIpAddress, context.TraceIdentifier);
        var verification = _underway.GetOrAdd(key, _ => new Lazy<Task<Principal?>>(() => VerifyAsync(key, name, password, origin)));
        return await verification.Value.WaitAsync(context.RequestAborted);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _verifications.Dispose();
        _reverifications.Dispose();
    }

    private async ValueTask<SignedIn?> ReadTokenAsync(HttpContext context, RegistryRecord registry, string header)
    {
        var text = header["Bearer ".Length..].Trim();
        if (text.Length > MaxTokenLength) return null;

        var key = _memory.KeyOf(text);
        var signedIn = _tokens.Find(key, registry.Id);
        if (signedIn is null)
        {
            var token = await tokens.ReadAccessAsync(text, registry, context.RequestAborted);
            if (token is null) return null;
            signedIn = _tokens.Remember(key, registry.Id, token);
        }

        return await IsCurrentAsync(signedIn.Principal, registry, context.RequestAborted) ? signedIn : null;
    }

    private async ValueTask<bool> IsCurrentAsync(Principal principal, RegistryRecord registry, CancellationToken cancellationToken)
    {
        var epochs = await installation.ReadEpochsAsync(principal.Id, registry.Id, cancellationToken);
        return epochs.Registry != 0 && epochs.Principal == principal.Epoch;
    }

    private async Task<Principal?> VerifyAsync(CredentialKey key, string name, byte[] password, Origin origin)
    {
        await Task.Yield();
        // Who signed in before has a line of its own: a flood of wrong passwords must not hold up the clients at work.
        var wasGood = _memory.WasGood(key);
        if (!wasGood && !_newcomers.TryEnter(origin.Remote))
        {
            _underway.TryRemove(key, out _);
            if (accessLog.Record(AccessEventKinds.SignInRefused, origin.RegistryId, name, origin.Address, "too many at once", origin.RequestId))
                LogTooMany(Shorten(name), origin.Address);
            throw new OciException(OciErrorCode.TooManyRequests, "Too many sign-ins are being checked at this moment; try again in a second.");
        }

        var line = wasGood ? _reverifications : _verifications;
        await line.WaitAsync();
        try
        {
            var settling = owner.SettleAsync();
            var wasSettled = settling.IsCompletedSuccessfully;
            var (record, matches) = await CheckAsync(name, password);
            if (!wasSettled)
            {
                // Its hash was computed beside this one's; only if it replaced the password, this one must be computed again.
                await settling;
                var now = await installation.FindPrincipalAsync(name, CancellationToken.None);
                if (now?.Epoch != record?.Epoch) (record, matches) = await CheckAsync(name, password);
            }

            if (!matches || record is null || !record.Enabled)
            {
                _memory.Forget(key);
                // A flood of wrong passwords must not become one of lines.
                if (accessLog.Record(AccessEventKinds.SignInRefused, origin.RegistryId, name, origin.Address, "password", origin.RequestId))
                    LogRefused(Shorten(name), origin.Address);
                return null;
            }

            var principal = new Principal(record.Id, record.Name, record.Epoch);
            _memory.Remember(key, principal);
            accessLog.Record(AccessEventKinds.SignIn, origin.RegistryId, name, origin.Address, "password", origin.RequestId);
            return principal;
        }
        finally
        {
            line.Release();
            if (!wasGood) _newcomers.Leave(origin.Remote);
            _underway.TryRemove(key, out _);
        }
    }

    private async Task<(PrincipalRecord? Record, bool Matches)> CheckAsync(string name, byte[] password)
    {
        var record = await installation.FindPrincipalAsync(name, CancellationToken.None);
        // An unknown account costs the same hash as a known one.
        return (record, PasswordHash.Verify(record?.PasswordHash ?? PasswordHash.OfNoPassword, password));
    }

    private static string Shorten(string name) => name.Length > 64 ? name[..64] : name;

    private static bool TryDecode(ReadOnlySpan<char> token, out string name, out byte[] password)
    {
        name = "";
        password = [];
        var decoded = new byte[token.Length];
        if (!Convert.TryFromBase64Chars(token.Trim(), decoded, out var length)) return false;

        var bytes = decoded.AsSpan(0, length);
        var colon = bytes.IndexOf((byte)':');
        if (colon < 1) return false;

        // Controls have no place in a user name (RFC 7617, 2), nor in a log.
        name = Encoding.UTF8.GetString(bytes[..colon]);
        if (name.Any(char.IsControl)) return false;
        password = bytes[(colon + 1)..].ToArray();
        return true;
    }

    private readonly record struct Origin(long RegistryId, IPAddress? Remote, string RequestId)
    {
        public string? Address => Remote?.ToString();
    }
}
