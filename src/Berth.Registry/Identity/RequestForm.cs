using Berth.Oci;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Berth.Registry.Identity;

/// <summary>The form that a token service is sent: URL-encoded, small, and not slow.</summary>
internal static class RequestForm
{
    private const int MaxBytes = 64 * 1024;
    private const int MaxValues = 256;

    /// <summary>The form of a request's body.</summary>
    /// <exception cref="OciException">It is none, or too large.</exception>
    public static async Task<IFormCollection> ReadAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType || context.Request.ContentType!.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
            throw new OciException(OciErrorCode.BadRequest, "The body must be a form: Content-Type application/x-www-form-urlencoded.", status: 415);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MaxBytes;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = new MinDataRate(bytesPerSecond: 240, TimeSpan.FromSeconds(5));
        try
        {
            var options = new FormOptions { BufferBodyLengthLimit = MaxBytes, ValueCountLimit = MaxValues, ValueLengthLimit = MaxBytes };
            return await context.Request.ReadFormAsync(options, context.RequestAborted);
        }
        catch (Exception e) when (e is InvalidDataException or Microsoft.AspNetCore.Http.BadHttpRequestException { StatusCode: not StatusCodes.Status408RequestTimeout })
        {
            throw new OciException(OciErrorCode.BadRequest, $"The form cannot be read; it may have {MaxBytes} bytes and {MaxValues} values at most.");
        }
    }

    /// <summary>The only value of a field.</summary>
    /// <exception cref="OciException">It is missing, empty, or there several times.</exception>
    public static string Required(this IFormCollection form, string name) => form[name] is [{ Length: > 0 } value]
        ? value
        : throw new OciException(OciErrorCode.BadRequest, $"The form needs '{name}', once.");

    /// <summary>The only value of a field; null when it is missing or empty.</summary>
    /// <exception cref="OciException">It is there several times.</exception>
    public static string? Optional(this IFormCollection form, string name) => form[name] switch
    {
        [] or [null or ""] => null,
        [var value] => value,
        _ => throw new OciException(OciErrorCode.BadRequest, $"The form may have '{name}' only once."),
    };
}
