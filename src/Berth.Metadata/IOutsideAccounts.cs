namespace Berth.Metadata;

/// <summary>People and groups whom an outside provider vouches for.</summary>
public interface IOutsideAccounts
{
    /// <summary>The account of an issuer's subject, or null.</summary>
    ValueTask<PrincipalRecord?> FindOutsidePersonAsync(string issuer, string subject, CancellationToken cancellationToken);

    /// <summary>
    /// Finds or makes the account of a provider's person, with the groups that it names, and sets the memberships that the provider gives to these; a change of
    /// them raises the epoch of every registry. Memberships that were given here stay.
    /// </summary>
    /// <param name="person">The person.</param>
    /// <param name="expected">The id of the account that it must be, which is never made anew; null at a sign-in.</param>
    /// <param name="caller">Who does this.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<OutsideResult> PutOutsidePersonAsync(OutsidePerson person, long? expected, Caller caller, CancellationToken cancellationToken);
}
