using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Berth.Registry;

/// <summary>Paths as the server framework gives them: every escape is decoded but that of the slash, which a name may be written with.</summary>
internal static class EncodedPath
{
    /// <summary>
    /// Whether a <c>%2F</c> in the decoded path may be one that was sent as <c>%252F</c>, which is no slash: the two cannot be told apart there. Nothing that is named in a path that
    /// takes encoded slashes has a percent sign in it, so that such a path names nothing.
    /// </summary>
    public static bool IsEncodedTwice(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.AsSpan();
        var query = target.IndexOf('?');
        return (query < 0 ? target : target[..query]).Contains("%25", StringComparison.Ordinal);
    }
}
