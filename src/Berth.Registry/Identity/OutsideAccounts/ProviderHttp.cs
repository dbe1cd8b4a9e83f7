using System.Net;
using System.Text.Json;
using Berth.Oci;
using Berth.Registry.Network;

namespace Berth.Registry.Identity.OutsideAccounts;

/// <summary>Requests to the provider: through the outbound guard, for JSON of a bounded size, within a bounded time.</summary>
internal sealed class ProviderHttp(OutboundHttp http)
{
    private const int MostBytes = 512 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>The status and the JSON of an answer.</summary>
    /// <exception cref="ProviderException">There is none.</exception>
    public async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        try
        {
            using var client = http.CreateClient(MostBytes);
            using var answer = await client.SendAsync(request, cancellationToken);
            if ((int)answer.StatusCode is 429 or >= 500) throw Unavailable($"{path} answered {(int)answer.StatusCode}");
            using var document = JsonReading.ParseReadable(await answer.Content.ReadAsByteArrayAsync(cancellationToken), Strict)
                ?? throw new ProviderException(ProviderFault.Unusable, $"{path} answered text that cannot be read");
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw Unavailable($"{path} answered something that is no JSON object");
            return (answer.StatusCode, document.RootElement.Clone());
        }
        catch (JsonException)
        {
            throw Unavailable($"{path} answered something that is not JSON");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unavailable("it did not answer in time");
        }
        catch (Exception e) when (e is HttpRequestException or OutboundRefusedException)
        {
            throw Unavailable((e.InnerException?.Message ?? e.Message).TrimEnd('.'));
        }
    }

    /// <summary>The provider cannot be asked.</summary>
    /// <param name="reason">Why, as part of a sentence.</param>
    public static ProviderException Unavailable(string reason) => new(ProviderFault.Unavailable, reason);
}
