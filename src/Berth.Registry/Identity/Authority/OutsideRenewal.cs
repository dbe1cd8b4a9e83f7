using Berth.Registry.Identity.OutsideAccounts;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>Asks the outside provider before a sign-in of one of its people is renewed; when it says no, the sign-in ends.</summary>
internal sealed class OutsideRenewal(OutsidePeople people, RefreshGrants refreshes, IdentityOptions options)
{
    /// <summary>The family with what the provider gave; that of a local account as it is.</summary>
    /// <exception cref="AuthorityException">The sign-in has ended, or the provider cannot be asked, which ends nothing.</exception>
    public async Task<RefreshFamily> AskAsync(HttpContext context, RefreshFamily family)
    {
        // A token that is brought again within its grace was asked about a moment ago.
        if (family.Principal.Issuer is null || family.IsRepeated) return family;
        try
        {
            var session = await people.RenewAsync(context, family.Principal, family.Payload.Outside);
            return family with { Payload = family.Payload with { Outside = session } };
        }
        catch (ProviderException e) when (e.Fault == ProviderFault.Unavailable)
        {
            throw OutsideDoor.Unavailable(options);
        }
        catch (ProviderException)
        {
            await refreshes.EndAsync(family.Code, context.RequestAborted);
            throw AuthorityException.BadGrant(50173, $"{options.Provider.Name} does not vouch for this person any more, or has to be asked anew; sign in again (az login, berth login).");
        }
    }
}
