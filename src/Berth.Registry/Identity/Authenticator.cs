using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

/// <summary>
/// Says who asks: a registry token (RFC 6750), or HTTP Basic (RFC 7617) with a user name and password. A verified password is remembered for at most 60
/// seconds. Both hold only while the principal's security epoch stays the same; the epochs are read with each request, or compared by what it changes.
/// </summary>
public sealed partial class Authenticator : IDisposable
{
    /// <summary>The longest token that is read or issued, in characters; the server takes headers of 32 KiB together.</summary>
    public const int MaxTokenLength = 24 * 1024;

    private const int MaxHeaderLength = 8 * 1024;
    private const int MaxVerifications = 2;

    private readonly IInstallation _installation;
    private readonly Authorizer _authorizer;
    private readonly OwnerAccount _owner;
    private readonly AccessTokens _accessTokens;
    private readonly SecretCredentials _secrets;
    private readonly AccessLog _accessLog;
    private readonly UsageLog _usageLog;
    private readonly ILogger<Authenticator> _logger;
    private readonly TokenMemory _tokens;
    private readonly CredentialMemory _memory;
    private readonly ConcurrentDictionary<CredentialKey, Lazy<Task<Principal?>>> _underway = new();
    private readonly SemaphoreSlim _verifications = new(MaxVerifications);
    private readonly SemaphoreSlim _reverifications = new(1);
    private readonly SignInQueue _newcomers = new();
    private readonly SignInFailures _failures;
    private readonly TimeProvider _time;

    internal Authenticator(
        IInstallation installation, Authorizer authorizer, OwnerAccount owner, AccessTokens tokens, SecretCredentials secrets, AccessLog accessLog, UsageLog usageLog,
        IdentityOptions options, TimeProvider time, ILogger<Authenticator> logger)
    {
        _installation = installation;
        _authorizer = authorizer;
        _owner = owner;
        _accessTokens = tokens;
        _secrets = secrets;
        _accessLog = accessLog;
        _usageLog = usageLog;
        _logger = logger;
        _time = time;
        _failures = new SignInFailures(options.LongestFailureDelay, time);
        _tokens = new TokenMemory(time);
        _memory = new CredentialMemory(options.CredentialMemory, time);
    }

    /// <summary>Who asks, or null when the request has no good credential.</summary>
    /// <param name="context">The request.</param>
    /// <param name="registry">The registry that it is for.</param>
    /// <param name="reading">What it reads with its epochs, if the caller is expected to get that; null for nothing.</param>
    /// <exception cref="OciException">Too many passwords are being verified at this moment.</exception>
    internal ValueTask<SignedIn?> AuthenticateAsync(HttpContext context, RegistryRecord registry, IEpochReading? reading)
    {
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? ReadTokenAsync(context, registry, header, reading)
            : AuthenticateBasicAsync(context, registry, header, reading);
    }

    /// <summary>Whose user name and password the request has, or null when it has none that are good.</summary>
    /// <exception cref="OciException">Too many passwords are being verified at this moment.</exception>
    public ValueTask<SignedIn?> AuthenticateBasicAsync(HttpContext context, RegistryRecord registry) =>
        AuthenticateBasicAsync(context, registry, context.Request.Headers.Authorization.ToString(), reading: null);

    /// <summary>Whose user name and password at the registry they are, or null when they are not good.</summary>
    /// <exception cref="OciException">Too many passwords are being verified at this moment.</exception>
    public async ValueTask<SignedIn?> AuthenticateAsync(HttpContext context, RegistryRecord registry, string name, string password) =>
        TryEncode(name, password, out var header, out var bytes)
            ? await AuthenticateAsync(context, registry, _memory.KeyOf(header, registry.Id), name, bytes, reading: null)
            : null;

    /// <summary>The person whose user name and password they are, or null when they are not good; no other kind of principal.</summary>
    /// <exception cref="OciException">Too many passwords are being verified at this moment.</exception>
    public async ValueTask<Principal?> AuthenticatePersonAsync(HttpContext context, string name, string password)
    {
        if (!TryEncode(name, password, out var header, out var bytes)) return null;

        var key = _memory.KeyOf(header, registryId: 0);
        if (_memory.Find(key, out _) is { } known && await IsCurrentAsync(known, context.RequestAborted)) return known;
        var principal = await VerifyOnceAsync(context, key, name, bytes, registryId: 0);
        return principal is not null && await IsCurrentAsync(principal, context.RequestAborted) ? principal : null;
    }

    /// <summary>Somebody who proved before who asks, at the security epoch of then; null when that has moved, or the registry is gone.</summary>
    internal ValueTask<SignedIn?> ConfirmAsync(Principal principal, RegistryRecord registry, CancellationToken cancellationToken) =>
        SignedInAsync(new Proof(principal, null, null), registry, reading: null, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _verifications.Dispose();
        _reverifications.Dispose();
    }

    private async ValueTask<SignedIn?> AuthenticateBasicAsync(HttpContext context, RegistryRecord registry, string header, IEpochReading? reading)
    {
        if (header.Length is 0 or > MaxHeaderLength || !header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)) return null;
        return TryDecode(header.AsSpan("Basic ".Length), out var name, out var password)
            ? await AuthenticateAsync(context, registry, _memory.KeyOf(header, registry.Id), name, password, reading)
            : null;
    }

    private async ValueTask<SignedIn?> AuthenticateAsync(
        HttpContext context, RegistryRecord registry, CredentialKey key, string name, byte[] password, IEpochReading? reading)
    {
        if (_memory.Find(key, out var end) is { } known
            && await SignedInAsync(new Proof(known, null, end), registry, reading, context.RequestAborted) is { } signedIn)
        {
            return signedIn;
        }

        if (await FindSecretAsync(context, registry, key, name, password) is { } verified)
            return await SignedInAsync(new Proof(verified.Principal, null, verified.Until), registry, reading, context.RequestAborted);
        var principal = await VerifyOnceAsync(context, key, name, password, registry.Id);
        return principal is null ? null : await SignedInAsync(new Proof(principal, null, null), registry, reading, context.RequestAborted);
    }

    private async ValueTask<VerifiedCredential?> FindSecretAsync(HttpContext context, RegistryRecord registry, CredentialKey key, string name, byte[] password)
    {
        if (await _secrets.FindAsync(registry, name, password, context.RequestAborted) is not { } verified) return null;
        _memory.Remember(key, verified.Principal, verified.Until);
        _accessLog.Record(
            AccessEventKinds.SignIn, registry.Id, verified.Principal.Name, context.Connection.RemoteIpAddress?.ToString(), verified.Method, context.TraceIdentifier);
        if (verified.KeyId is { } keyId) _usageLog.RecordUse(verified.Principal.Id, verified.Sort, keyId, context.Connection.RemoteIpAddress?.ToString());
        return verified;
    }

    private Task<Principal?> VerifyOnceAsync(HttpContext context, CredentialKey key, string name, byte[] password, long registryId)
    {
        // Clients open many connections at once with one credential: it is verified once for all of them. It starts only once it stands
        // in the table: one that ended before would never be taken out, and its outcome would be this credential's for good.
        var origin = new Origin(registryId, context.Connection.RemoteIpAddress, context.TraceIdentifier);
        var verification = _underway.GetOrAdd(key, _ => new Lazy<Task<Principal?>>(() => VerifyAsync(key, name, password, origin)));
        return verification.Value.WaitAsync(context.RequestAborted);
    }

    private async ValueTask<SignedIn?> ReadTokenAsync(HttpContext context, RegistryRecord registry, string header, IEpochReading? reading)
    {
        var text = header["Bearer ".Length..].Trim();
        if (text.Length > MaxTokenLength) return null;

        var key = _memory.KeyOf(text, registry.Id);
        var token = _tokens.Find(key);
        if (token is null)
        {
            token = await _accessTokens.ReadAccessAsync(text, registry, context.RequestAborted);
            if (token is null) return null;
            _tokens.Remember(key, token);
        }

        return await SignedInAsync(new Proof(token.Principal, token.Scopes, token.Until), registry, reading, context.RequestAborted);
    }

    private async ValueTask<SignedIn?> SignedInAsync(Proof proof, RegistryRecord registry, IEpochReading? reading, CancellationToken cancellationToken)
    {
        var principal = proof.Principal;
        if (reading is { IsCompared: true } && _authorizer.FindKnown(principal, proof.Scopes, registry.Id, reading) is { } asOf)
            return new SignedIn(principal, proof.Scopes, asOf.Registry) { Until = proof.Until, AsOf = asOf };

        // Nobody makes the server read what is closed to them.
        var epochs = reading is not null && _authorizer.Expects(principal, proof.Scopes, registry.Id, reading)
            ? await reading.ReadAsync(principal.Id, cancellationToken)
            : await _installation.ReadEpochsAsync(principal.Id, registry.Id, cancellationToken);
        if (principal.Id != 0 && epochs.Principal != principal.Epoch)
        {
            _authorizer.ExpectNoMore(principal, registry.Id);
            return null;
        }

        return epochs.Registry != 0 ? new SignedIn(principal, proof.Scopes, epochs.Registry) { Until = proof.Until } : null;
    }

    private async ValueTask<bool> IsCurrentAsync(Principal principal, CancellationToken cancellationToken) =>
        (await _installation.ReadEpochsAsync(principal.Id, 0, cancellationToken)).Principal == principal.Epoch;

    private async Task<Principal?> VerifyAsync(CredentialKey key, string name, byte[] password, Origin origin)
    {
        await Task.Yield();
        try
        {
            // Who signed in before waits for nothing, and has a line of its own: a flood of wrong passwords must not hold up the clients at work.
            if (_memory.WasGood(key)) return await CheckInLineAsync(key, name, password, origin, _reverifications);

            var account = (await FindAsync(name))?.Name;
            var shared = _failures.Reserve(null, origin.Remote);
            var wait = account is null ? shared : _failures.Reserve(account, origin.Remote);
            await WaitAsync(wait, name, origin);
            var principal = await CheckNewcomerAsync(key, name, password, origin);
            if (principal is null)
            {
                _failures.Add(null, origin.Remote);
                if (account is not null) _failures.Add(account, origin.Remote);

                // A refusal says nothing about whether the account is: it comes as late as one for an account that is not.
                await WaitAsync(shared - wait, name, origin);
            }
            else
            {
                _failures.Forget(principal.Name, origin.Remote);
            }

            return principal;
        }
        finally
        {
            _underway.TryRemove(key, out _);
        }
    }

    private async Task WaitAsync(TimeSpan wait, string name, Origin origin)
    {
        if (wait > SignInFailures.LongestLine) throw TooMany(name, origin, $"Too many wrong passwords came from this address; try again in {(int)wait.TotalSeconds} seconds.");
        if (wait > TimeSpan.Zero) await Task.Delay(wait, _time);
    }

    private async Task<Principal?> CheckNewcomerAsync(CredentialKey key, string name, byte[] password, Origin origin)
    {
        if (!_newcomers.TryEnter(origin.Remote)) throw TooMany(name, origin, "Too many sign-ins are being checked at this moment; try again in a second.");
        try
        {
            return await CheckInLineAsync(key, name, password, origin, _verifications);
        }
        finally
        {
            _newcomers.Leave(origin.Remote);
        }
    }

    private OciException TooMany(string name, Origin origin, string message)
    {
        if (_accessLog.Record(AccessEventKinds.SignInRefused, origin.RegistryId, name, origin.Address, AccessLog.TooManyReason, origin.RequestId))
            LogTooMany(Shorten(name), origin.Address);
        return new OciException(OciErrorCode.TooManyRequests, message);
    }

    private async Task<Principal?> CheckInLineAsync(CredentialKey key, string name, byte[] password, Origin origin, SemaphoreSlim line)
    {
        await line.WaitAsync();
        try
        {
            var settling = _owner.SettleAsync();
            var wasSettled = settling.IsCompletedSuccessfully;
            var (record, matches) = await CheckAsync(name, password);
            if (!wasSettled)
            {
                // Its hash was computed beside this one's; only if it replaced the password, this one must be computed again.
                await settling;
                var now = await FindAsync(name);
                if (now?.Epoch != record?.Epoch) (record, matches) = await CheckAsync(name, password);
            }

            if (!matches || record is not { Enabled: true, Kind: PrincipalKind.User, Issuer: null })
            {
                _memory.Forget(key);
                // A flood of wrong passwords must not become one of lines.
                if (_accessLog.Record(AccessEventKinds.SignInRefused, origin.RegistryId, name, origin.Address, "password", origin.RequestId))
                    LogRefused(Shorten(name), origin.Address);
                return null;
            }

            var principal = Principal.Of(record);
            _memory.Remember(key, principal, null);
            _accessLog.Record(AccessEventKinds.SignIn, origin.RegistryId, name, origin.Address, "password", origin.RequestId);
            _usageLog.RecordUse(principal.Id, CredentialSort.Password, "", origin.Address);
            return principal;
        }
        finally
        {
            line.Release();
        }
    }

    // A person's name is like an address of mail, where case tells nobody apart; it is kept in lower case.
    private ValueTask<PrincipalRecord?> FindAsync(string name) =>
        _installation.FindPrincipalAsync(name.Contains('@', StringComparison.Ordinal) ? name.ToLowerInvariant() : name, CancellationToken.None);

    private async Task<(PrincipalRecord? Record, bool Matches)> CheckAsync(string name, byte[] password)
    {
        var record = await FindAsync(name);
        // An unknown account costs the same hash as a known one.
        return (record, PasswordHash.Verify(record?.PasswordHash ?? PasswordHash.OfNoPassword, password));
    }

    private static string Shorten(string name) => ClientText.Shorten(name, 64);

    // As a Basic header would have it, so that both know the credential by one key.
    private static bool TryEncode(string name, string password, out string header, out byte[] bytes)
    {
        header = "";
        bytes = Encoding.UTF8.GetBytes(password);
        if (name.Length is 0 or > MaxHeaderLength || bytes.Length > MaxHeaderLength || name.Any(char.IsControl) || name.Contains(':')) return false;
        header = $"Basic {Convert.ToBase64String([.. Encoding.UTF8.GetBytes(name), (byte)':', .. bytes])}";
        return true;
    }

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

    private readonly record struct Proof(Principal Principal, RegistryScopes? Scopes, DateTimeOffset? Until);

    private readonly record struct Origin(long RegistryId, IPAddress? Remote, string RequestId)
    {
        public string? Address => Remote?.ToString();
    }
}
