using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity.Federation;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity.OutsideAccounts;

/// <summary>
/// People of the outside provider: who signs in, and whether they still are who they were. An account is the issuer's and the subject's; names decide nothing.
/// </summary>
internal sealed partial class OutsidePeople(
    Provider provider, IdTokens idTokens, OutsideClaims claims, IOutsideAccounts accounts, AnswerOrder order, SecretProtection protection, AccessLog accessLog,
    OutsideAccountMetrics metrics, IdentityOptions options, TimeProvider time, ILogger<OutsidePeople> logger)
{
    private const string Method = "outside provider";
    private const int MaxReason = 300;

    // Discovery, tokens, keys and claims together.
    private static readonly TimeSpan LongestQuestion = TimeSpan.FromSeconds(15);

    /// <summary>Who a code of the provider says that the browser's user is.</summary>
    /// <exception cref="ProviderException">It says nothing that is good.</exception>
    public async Task<(PrincipalRecord Person, OutsideSession Session)> SignInAsync(HttpContext context, string code, string redirectUri, string verifier, string nonce)
    {
        using var question = order.Begin();
        try
        {
            var answer = await LimitAsync(
                async cancellationToken =>
                {
                    var tokens = await provider.RedeemAsync(code, redirectUri, verifier, cancellationToken);
                    var text = tokens.IdToken ?? throw new ProviderException(ProviderFault.Unusable, "it gave no id token; Identity:Provider:Scopes needs 'openid'");
                    return (Tokens: tokens, Claims: await idTokens.ReadAsync(text, nonce, cancellationToken));
                },
                context.RequestAborted);
            var person = await PutAsync(context, question, answer.Claims, IssuedAt(answer.Claims), null);
            var session = new OutsideSession(await ProtectAsync(answer.Tokens.RefreshToken, person, context.RequestAborted), Seconds);
            accessLog.Record(AccessEventKinds.SignIn, 0, person.Name, AddressOf(context), Method, context.TraceIdentifier);
            metrics.SignedIn();
            return (person, session);
        }
        catch (ProviderException e)
        {
            Count(e);
            var reason = Printable.Of(e.Message, MaxReason);
            if (accessLog.Record(AccessEventKinds.SignInRefused, 0, "", AddressOf(context), Method, context.TraceIdentifier)) LogRefused(AddressOf(context), reason);
            throw;
        }
    }

    /// <summary>Whether a person who signed in goes on, with the groups that the provider names now.</summary>
    /// <exception cref="ProviderException">It does not, or it cannot be said.</exception>
    public async Task<OutsideSession> RenewAsync(HttpContext context, PrincipalRecord person, OutsideSession? session)
    {
        try
        {
            if (session is null || person.Issuer != options.Provider.Issuer) throw new ProviderException(ProviderFault.Gone, "the person's provider is not this installation's any more");
            var renewed = session.Token is null ? session : await AskAgainAsync(context, person, session, await UnprotectAsync(session.Token, person, context.RequestAborted));
            if (DateTimeOffset.FromUnixTimeSeconds(renewed.ReadAt) + options.Provider.MembershipLifetime <= time.GetUtcNow())
                throw new ProviderException(ProviderFault.Gone, "the person's groups were read too long ago (Identity:Provider:MembershipLifetime)");
            metrics.Renewed();
            return renewed;
        }
        catch (ProviderException e)
        {
            Count(e);
            if (e.Fault != ProviderFault.Unavailable) LogEnded(person.Name, Printable.Of(e.Message, MaxReason));
            throw;
        }
    }

    // Not ended by a client that goes away: what the provider gives, it gives once.
    private async Task<OutsideSession> AskAgainAsync(HttpContext context, PrincipalRecord person, OutsideSession session, string refreshToken)
    {
        using var question = order.Begin();
        var (tokens, answer, answeredAt) = await LimitAsync(
            async cancellationToken =>
            {
                var tokens = await provider.RenewAsync(refreshToken, cancellationToken);
                if (tokens.IdToken is { } text)
                {
                    var claims = await idTokens.ReadAsync(text, null, cancellationToken);
                    return (tokens, claims, IssuedAt(claims));
                }

                // What userinfo says has no time of its own: it is true when it is asked for, and may be old when it comes.
                double askedAt = Seconds;
                JsonElement? said = tokens.AccessToken is { } access ? await provider.UserInfoAsync(access, cancellationToken) : null;
                return (tokens, said, askedAt);
            },
            CancellationToken.None);
        var token = tokens.RefreshToken is { } next ? await ProtectAsync(next, person, CancellationToken.None) : session.Token;
        if (answer is not { } now) return session with { Token = token };

        if (ProviderTokens.Text(now, "sub") != person.Subject) throw new ProviderException(ProviderFault.Unusable, "it speaks of another person now");
        await PutAsync(context, question, now, answeredAt, person);
        return new OutsideSession(token, Seconds);
    }

    private double IssuedAt(JsonElement idToken) => idToken.TryGetProperty("iat", out var issued) && issued.ValueKind == JsonValueKind.Number ? issued.GetDouble() : Seconds;

    private Task<PrincipalRecord> PutAsync(HttpContext context, AnswerOrder.Question question, JsonElement answer, double answeredAt, PrincipalRecord? known)
    {
        var person = claims.Read(answer, known);
        return order.PutAsync(
            question, (person.Issuer, person.Subject), answeredAt, () => StoreAsync(context, person, known?.Id), () => LeaveAsync(person, known?.Id));
    }

    private async Task<PrincipalRecord> LeaveAsync(OutsidePerson person, long? expected)
    {
        if (await accounts.FindOutsidePersonAsync(person.Issuer, person.Subject, CancellationToken.None) is not { } record || (expected ?? record.Id) != record.Id)
            throw Deleted(person);
        return record.Enabled ? record : throw Disabled(record);
    }

    private async Task<PrincipalRecord> StoreAsync(HttpContext context, OutsidePerson person, long? expected)
    {
        var known = await accounts.FindOutsidePersonAsync(person.Issuer, person.Subject, CancellationToken.None);
        var caller = new Caller(known?.Id ?? 0, known?.Name ?? person.Name, AddressOf(context), context.TraceIdentifier);
        var (outcome, record, absent) = await accounts.PutOutsidePersonAsync(person, expected, caller, CancellationToken.None);
        if (record is null) throw Deleted(person);
        foreach (var group in absent) LogAbsentGroup(group);
        switch (outcome)
        {
            case OutsideOutcome.Disabled:
                throw Disabled(record);
            case OutsideOutcome.NameTaken:
                LogNameTaken(person.Name, Printable.Of(person.Subject));
                throw new ProviderException(
                    ProviderFault.Unusable, $"another account has the name '{person.Name}' here, and accounts are never joined; ask an administrator to delete that one, or for another name");
            case OutsideOutcome.Created:
                LogCreated(record.Name, Printable.Of(person.Subject), person.Issuer);
                break;
        }

        return record;
    }

    private static ProviderException Deleted(OutsidePerson person) => new(ProviderFault.Gone, $"the account '{person.Name}' was deleted here");

    private static ProviderException Disabled(PrincipalRecord record) => new(ProviderFault.Unusable, $"the account '{record.Name}' is disabled here");

    private static async Task<T> LimitAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LongestQuestion);
        try
        {
            return await ask(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw ProviderHttp.Unavailable("it did not answer in time");
        }
    }

    private async Task<string?> ProtectAsync(string? token, PrincipalRecord person, CancellationToken cancellationToken) =>
        token is null ? null : Convert.ToBase64String(await protection.ProtectAsync(token, PurposeOf(person), cancellationToken));

    private async Task<string> UnprotectAsync(string token, PrincipalRecord person, CancellationToken cancellationToken) =>
        await protection.UnprotectAsync(Convert.FromBase64String(token), PurposeOf(person), cancellationToken)
        ?? throw new ProviderException(ProviderFault.Gone, "what the provider was asked with cannot be read any more, as after a restore");

    private void Count(ProviderException e)
    {
        if (e.Fault == ProviderFault.Unavailable) metrics.Unavailable();
        else metrics.Refused();
    }

    private long Seconds => time.GetUtcNow().ToUnixTimeSeconds();

    private static string? AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString();

    private static string PurposeOf(PrincipalRecord person) => $"outside refresh token of {person.ObjectId}";
}
