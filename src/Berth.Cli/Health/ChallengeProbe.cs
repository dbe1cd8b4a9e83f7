using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.Cli.Session;

namespace Berth.Cli.Health;

/// <summary>How the registry answers one who says nothing of themselves: where tokens are to be had, whether this address is let in, and what time it is there.</summary>
internal sealed partial class ChallengeProbe(HttpClient client, TimeProvider time)
{
    private const string Name = "challenge";
    private const int MostRead = 64 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Drift = TimeSpan.FromSeconds(30);

    // Tokens are good from the minute they are made; more than this, and those of other issuers are taken for ended or not begun.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>Asks; the second check is of the clock, and null when the answer had no time.</summary>
    public async Task<(HealthCheck Challenge, HealthCheck? Clock)> AskAsync(Uri registry, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var sent = time.GetUtcNow();
            using var response = await client.GetAsync(new Uri(registry, "/v2/"), HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var between = sent + ((time.GetUtcNow() - sent) / 2);
            return (await JudgeAsync(registry, response, limit.Token), response.Headers.Date is { } date ? OfClock(date - between) : null);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            return (HealthCheck.Error(Name, HealthCodes.Tls, e.InnerException?.Message ?? e.Message, "Set SSL_CERT_FILE to the CA's certificate."), null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (HealthCheck.Error(Name, HealthCodes.Challenge, $"no answer to GET /v2/: {e.Message}", "Check that a registry listens there, and the proxies before it."), null);
        }
    }

    /// <summary>How far apart the clocks are.</summary>
    public static HealthCheck OfClock(TimeSpan ahead)
    {
        const string name = "clock";
        var seconds = Math.Abs(Math.Round(ahead.TotalSeconds));
        var seen = string.Create(CultureInfo.InvariantCulture, $"the registry's clock is {seconds:0} s {(ahead < TimeSpan.Zero ? "behind" : "ahead of")} this machine's");
        const string next = "Let both machines take their time from NTP: tokens and certificates are judged by the clock.";
        return ahead.Duration() switch
        {
            var apart when apart >= Skew => HealthCheck.Error(name, HealthCodes.Clock, seen, next),
            var apart when apart >= Drift => HealthCheck.Warning(name, HealthCodes.ClockDrift, seen, next),
            _ => HealthCheck.Ok(name, seen),
        };
    }

    private static async Task<HealthCheck> JudgeAsync(Uri registry, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                return HealthCheck.Ok(Name, $"{registry.Authority} answers without asking who you are");
            case HttpStatusCode.Unauthorized:
                return OfHeader(registry, string.Join(", ", response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values) ? values : []));
            case HttpStatusCode.Forbidden:
                return OfFirewall(await MessageOfAsync(response, cancellationToken));
            case HttpStatusCode.TooManyRequests:
                return HealthCheck.Error(Name, HealthCodes.TooMany, $"{registry.Authority} is asked too often from here", $"Wait{Pause(response)}, and ask less often or at once from fewer places.");
            default:
                return HealthCheck.Error(
                    Name, HealthCodes.Challenge, $"{registry.Authority} answered {(int)response.StatusCode} to GET /v2/, where 401 says how to sign in",
                    "Check that this is the registry's address, and that no proxy answers in its place.");
        }
    }

    private static HealthCheck OfHeader(Uri registry, string header)
    {
        const string next = "Check that no proxy takes the header WWW-Authenticate away, and what the server says its own names are.";
        if (header.StartsWith("Basic", StringComparison.OrdinalIgnoreCase)) return HealthCheck.Ok(Name, $"{registry.Authority} asks for a password (Basic)");
        var (realm, service) = (ValueOf(Realm(), header), ValueOf(Service(), header));
        if (realm is null) return HealthCheck.Error(Name, HealthCodes.Challenge, header.Length == 0 ? "401 without a challenge" : $"the challenge names no realm: {header}", next);
        if (!Uri.TryCreate(realm, UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http"))
            return HealthCheck.Error(Name, HealthCodes.Challenge, $"the challenge's realm is '{realm}', which is no address", next);
        if (registry.Scheme == Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttps)
            return HealthCheck.Error(Name, HealthCodes.Challenge, $"tokens are to be had at {realm}, without TLS; no client sends a password there", next);
        return HealthCheck.Ok(Name, $"tokens are to be had at {realm}{(service is null ? "" : $" for {service}")}");
    }

    private static HealthCheck OfFirewall(string? message)
    {
        var address = message is null ? null : ValueOf(Address(), message);
        return HealthCheck.Error(
            "firewall", HealthCodes.Forbidden, message ?? "403 to GET /v2/: this address is not let in",
            address is null
                ? "Add this machine's address to the registry's network rules, or ask from a network that is let in."
                : $"Add the address (./berth acr network-rule add --name REGISTRY --ip-address {address}), or ask from a network that is let in.");
    }

    private static async Task<string?> MessageOfAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            using var answer = JsonDocument.Parse(await Input.ReadAsync(body, "the answer", MostRead, cancellationToken));
            return answer.RootElement.At("errors").Items().FirstOrDefault().Text("message");
        }
        catch (Exception e) when (e is JsonException or ClientException)
        {
            return null;
        }
    }

    private static string Pause(HttpResponseMessage response) =>
        response.Headers.RetryAfter?.Delta is { } pause ? FormattableString.Invariant($" {pause.TotalSeconds:0} s") : "";

    private static string? ValueOf(Regex pattern, string text) => pattern.Match(text) is { Success: true } match ? match.Groups[1].Value : null;

    [GeneratedRegex("""\brealm="([^"]*)["]""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Realm();

    [GeneratedRegex("""\bservice="([^"]*)["]""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Service();

    [GeneratedRegex("""\bIP '([0-9A-Fa-f.:]+)'""", RegexOptions.CultureInvariant)]
    private static partial Regex Address();
}
