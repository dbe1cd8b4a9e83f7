using System.Net.Http.Headers;
using Berth.Testing;

namespace Berth.Registry.Tests.Hosting;

/// <summary>Sends each request as the owner, with a token for what it asks for, unless the request names somebody itself.</summary>
internal sealed class OwnerHandler(RegistryEndpoint endpoint) : DelegatingHandler(new HttpClientHandler())
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Authorization ??= AuthenticationHeaderValue.Parse(await endpoint.AuthorizeAsync(request.Method.Method, request.RequestUri!.PathAndQuery));
        return await base.SendAsync(request, cancellationToken);
    }
}
