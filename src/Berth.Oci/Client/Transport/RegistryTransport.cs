using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Serialization.Metadata;
using Berth.Oci.Client.Authentication;

namespace Berth.Oci.Client.Transport;

/// <summary>
/// Sends requests to one registry: answers its challenges, follows redirects, turns errors into exceptions. The credential and the tokens go to
/// the registry's own scheme, host and port, and nowhere else.
/// </summary>
internal sealed class RegistryTransport(HttpClient http, Uri registry, RegistryAuthenticator authenticator, RegistryClientOptions options)
{
    private const int MaxRedirects = 5;

    /// <summary>Sends a request and gives back an answer whose status is expected; its content is not read yet.</summary>
    /// <exception cref="OciException">Any other answer, with the registry's code and status.</exception>
    /// <exception cref="HttpRequestException">The registry cannot be reached or breaks off.</exception>
    public async Task<HttpResponseMessage> SendAsync(RegistryRequest request, CancellationToken cancellationToken)
    {
        var response = await FollowAsync(request, cancellationToken);
        if (request.Expected.Contains(response.StatusCode)) return response;
        using (response) throw await LimitAsync(token => RegistryErrors.ReadAsync(response, options.Time, token), cancellationToken);
    }

    /// <summary>Sends a request and reads the JSON of a 200; null for another expected status. The answer is for its headers only.</summary>
    public async Task<(T? Body, HttpResponseMessage Response)> SendForJsonAsync<T>(
        RegistryRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        using var response = await SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK) return (null, response);
        var body = await LimitAsync(token => BoundedBody.ReadJsonAsync(response, type, BoundedBody.Page, token), cancellationToken);
        return (body, response);
    }

    private async Task<HttpResponseMessage> FollowAsync(RegistryRequest request, CancellationToken cancellationToken)
    {
        var address = request.Address;
        for (var redirects = 0; ; redirects++)
        {
            var response = await AuthenticateAsync(request, address, cancellationToken);
            if (Target(request, response) is not { } target) return response;
            response.Dispose();
            if (redirects == MaxRedirects) throw Refuse($"redirects more than {MaxRedirects} times, last to {target.Host}");
            if (registry.Scheme == Uri.UriSchemeHttps && target.Scheme != Uri.UriSchemeHttps) throw Refuse($"redirects to {target.Host} without TLS");
            address = target;
        }
    }

    private async Task<HttpResponseMessage> AuthenticateAsync(RegistryRequest request, Uri address, CancellationToken cancellationToken)
    {
        var own = IsOwn(address);
        var authorization = own ? await authenticator.PrepareAsync(request.Scopes, cancellationToken) : null;
        var response = await SendPatientlyAsync(request, address, authorization, cancellationToken);
        if (!own || response.StatusCode != HttpStatusCode.Unauthorized) return response;
        if (request.Content is not null && !request.Repeatable) return response;

        var answer = await authenticator.AnswerAsync(response, authorization, request.Scopes, cancellationToken);
        if (answer is null) return response;
        response.Dispose();
        return await SendPatientlyAsync(request, address, answer, cancellationToken);
    }

    // Each try has the limit of its own: what a client waits because it was asked to is no slowness.
    private Task<HttpResponseMessage> SendPatientlyAsync(
        RegistryRequest request, Uri address, AuthenticationHeaderValue? authorization, CancellationToken cancellationToken) =>
        request.Content is null || request.Repeatable
            ? options.Waits.SendAsync(() => SendOnceAsync(request, address, authorization, cancellationToken), cancellationToken)
            : SendOnceAsync(request, address, authorization, cancellationToken);

    private async Task<HttpResponseMessage> SendOnceAsync(
        RegistryRequest request, Uri address, AuthenticationHeaderValue? authorization, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(request.Method, address) { Content = request.Content?.Invoke() };
        message.Headers.Authorization = authorization;
        message.Headers.UserAgent.TryParseAdd(options.UserAgent);
        request.Headers?.Invoke(message.Headers);

        // Content may take as long as it makes progress; only an answer that nothing keeps from beginning has a limit.
        if (message.Content is not null) return await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return await LimitAsync(token => http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, token), cancellationToken);
    }

    private Task<T> LimitAsync<T>(Func<CancellationToken, Task<T>> action, CancellationToken cancellationToken) =>
        TimeLimit.RunAsync(options.ResponseLimit, options.Time, registry.Authority, action, cancellationToken);

    private static Uri? Target(RegistryRequest request, HttpResponseMessage response)
    {
        var keepsMethod = response.StatusCode is HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
        var follows = request.IsRead
            ? keepsMethod || response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            : keepsMethod && (request.Content is null || request.Repeatable);
        if (!follows || response.Headers.Location is not { } location) return null;
        var target = new Uri(response.RequestMessage!.RequestUri!, location);
        return target.Scheme == Uri.UriSchemeHttp || target.Scheme == Uri.UriSchemeHttps ? target : null;
    }

    private bool IsOwn(Uri address) => Uri.Compare(
        address, registry, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private OciException Refuse(string what) => new(OciErrorCode.Unsupported, $"{registry.Authority} {what}; this is not followed.", status: 502);
}
