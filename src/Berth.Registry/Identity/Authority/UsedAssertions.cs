using System.Net;
using Berth.Metadata;
using Berth.Registry.Network;

namespace Berth.Registry.Identity.Authority;

/// <summary>
/// Which assertions were used, and from where. Clients keep one for some minutes and bring it again; whoever brings it from another address has it from
/// somewhere. What was signed stands for its <c>jti</c>: without the key, nobody makes another text with the same.
/// </summary>
internal sealed class UsedAssertions(IGrants grants)
{
    private const string Kind = "assertion";

    /// <summary>Uses an assertion that was found good; false when another address did so before.</summary>
    public async Task<bool> UseAsync(PrincipalRecord principal, string assertion, DateTimeOffset until, IPAddress? address, CancellationToken cancellationToken)
    {
        var hash = OpaqueCode.HashOf(Kind, $"{principal.ObjectId}\n{assertion[..assertion.LastIndexOf('.')]}");
        var from = SourceAddress.Of(address).ToString();
        return await grants.AddGrantAsync(new GrantRecord(Kind, hash, null, from, "{}", 0, until), cancellationToken)
            || (await grants.FindGrantAsync(Kind, hash, cancellationToken))?.State == from;
    }
}
