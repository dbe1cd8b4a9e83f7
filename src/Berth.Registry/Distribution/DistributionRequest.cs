using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Distribution;

/// <summary>One request to the data plane, after its registry, principal and right to act are known.</summary>
/// <param name="Http">The HTTP request and answer.</param>
/// <param name="Registry">The registry the host names.</param>
/// <param name="Principal">Who asks.</param>
/// <param name="Rights">What the caller may do in the registry.</param>
/// <param name="Target">What is asked for.</param>
internal sealed record DistributionRequest(HttpContext Http, RegistryRecord Registry, Principal Principal, CallerRights Rights, RequestTarget Target)
{
    /// <summary>When the caller's credential ends by itself; null for never.</summary>
    public DateTimeOffset? CredentialEnd { get; init; }

    /// <summary>The epochs as of which the caller was let in, which what the request changes must compare first of all; null where they were read for this request.</summary>
    public SecurityEpochs? AsOf { get; init; }

    /// <summary>The read of what a pull asks for, or of a push's session, which may have been made with that of the caller's epochs; null for requests of other kinds.</summary>
    public IEpochReading? Reading { get; init; }

    /// <summary>The repository of the path.</summary>
    public RepositoryName Repository => Target.Repository;

    /// <summary>Ends when the client goes away.</summary>
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>Whether only headers are asked for.</summary>
    public bool IsHead => HttpMethods.IsHead(Http.Request.Method);

    /// <summary>
    /// Whether only headers are asked for, by somebody who may push to the repository: clients that push ask so for what they need not send again. They learn that it is there, and get
    /// nothing of it.
    /// </summary>
    public bool IsHeadOfPush => IsHead && Rights.IsAllowed(Repository, RepositoryAction.ContentWrite);

    /// <summary>Who asks, as the ledger records it.</summary>
    public Caller Caller => Principal.CallerOf(Http);

    /// <summary>A query parameter's only value, or null; several values of one parameter are refused.</summary>
    /// <exception cref="OciException">The parameter is given more than once.</exception>
    public string? Query(string name)
    {
        var values = Http.Request.Query[name];
        return values.Count switch
        {
            0 => null,
            1 => values[0],
            _ => throw new OciException(OciErrorCode.BadRequest, $"The query parameter '{name}' is given {values.Count} times; give it once."),
        };
    }
}
