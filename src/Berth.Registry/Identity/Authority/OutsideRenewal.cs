using Berth.Metadata;
using Berth.Registry.Identity.OutsideAccounts;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>
/// Renews a sign-in of the outside provider's people: the provider is asked before, and when it says no, the sign-in ends. One at a time for a person:
/// providers give their refresh tokens once, too, and of two answers the later one must stand.
/// </summary>
internal sealed class OutsideRenewal(OutsidePeople people, RefreshGrants refreshes, IdentityOptions options) : IDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <summary>The next refresh token.</summary>
    /// <exception cref="AuthorityException">The sign-in has ended, or the provider cannot be asked, which ends nothing.</exception>
    public async Task<string> RenewAsync(HttpContext context, string text, PrincipalRecord person, Client client)
    {
        var turn = _turns[person.Id % _turns.Length];
        if (!await turn.WaitAsync(LongestWait, context.RequestAborted)) throw OutsideDoor.Unavailable(options);
        try
        {
            // Whoever had to wait finds what the one before was given.
            var family = await refreshes.ReadAsync(text, client, context.RequestAborted);

            // What the provider gave must be kept, whether or not the client still waits for it.
            return await refreshes.RenewAsync(family.IsRepeated ? family : await AskAsync(context, family), client, CancellationToken.None);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(_turns, turn => turn.Dispose());

    private async Task<RefreshFamily> AskAsync(HttpContext context, RefreshFamily family)
    {
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
            await refreshes.EndAsync(family.Code, CancellationToken.None);
            throw AuthorityException.BadGrant(50173, $"{options.Provider.Name} does not vouch for this person any more, or has to be asked anew; sign in again (az login, berth login).");
        }
    }
}
