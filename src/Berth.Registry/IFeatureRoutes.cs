using Berth.Registry.ApiReference;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry;

/// <summary>The paths that one feature answers; a request is offered to the features in turn, the data plane first.</summary>
internal interface IFeatureRoutes
{
    /// <summary>Answers the request if its path is the feature's; false if it lies elsewhere.</summary>
    bool TryHandle(HttpContext context, out Task handled);

    /// <summary>What the API's document says of them. It is asked for when somebody reads the document, not before.</summary>
    IEnumerable<ApiCall> Calls { get; }
}
