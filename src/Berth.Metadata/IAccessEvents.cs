namespace Berth.Metadata;

/// <summary>Pulls, sign-ins and denials. They are no mutations: they come in batches, aggregated, and have a retention of their own.</summary>
public interface IAccessEvents
{
    /// <summary>Adds counts to the rows of their minute, actor, address and reason.</summary>
    Task AddAccessEventsAsync(IReadOnlyCollection<AccessEvent> events, CancellationToken cancellationToken);

    /// <summary>Events of a registry from a time on, newest first.</summary>
    ValueTask<IReadOnlyList<AccessEvent>> ListAccessEventsAsync(long registryId, DateTimeOffset since, int limit, CancellationToken cancellationToken);

    /// <summary>Events of these kinds, at most two, of a registry from a time on, newest first; work grows with all that happened since then.</summary>
    ValueTask<IReadOnlyList<AccessEvent>> ListAccessEventsAsync(
        long registryId, DateTimeOffset since, IReadOnlyList<string> kinds, int limit, CancellationToken cancellationToken);
}

/// <summary>Pulls, sign-ins or denials of one minute that look alike.</summary>
/// <param name="Minute">The minute, at its start.</param>
/// <param name="RegistryId">The registry.</param>
/// <param name="Kind"><see cref="AccessEventKinds"/>.</param>
/// <param name="Actor">The user name that was given; at most 64 characters of it.</param>
/// <param name="Address">The client's address.</param>
/// <param name="Reason">Why, in a word; of a pull the repository, of a denial the route and the repository.</param>
/// <param name="Count">How many.</param>
/// <param name="RequestId">The last one's request id.</param>
public sealed record AccessEvent(
    DateTimeOffset Minute, long RegistryId, string Kind, string Actor, string Address, string Reason, long Count, string? RequestId);

/// <summary>The kinds of access events.</summary>
public static class AccessEventKinds
{
    /// <summary>A manifest was read (not: asked about with HEAD).</summary>
    public const string Pull = "pull";

    /// <summary>A credential was verified (not: found in memory).</summary>
    public const string SignIn = "sign-in";

    /// <summary>A credential was wrong, or its principal unknown or disabled; or it was not looked at, because too many came at once.</summary>
    public const string SignInRefused = "sign-in.refused";

    /// <summary>
    /// A signed-in principal lacked the right, or the registry's network rules did not let the address in. A request without credentials, which gets its
    /// challenge, is no denial.
    /// </summary>
    public const string Denied = "denied";

    /// <summary>Events that were lost because too many came at once; the count says how many.</summary>
    public const string Dropped = "dropped";
}
