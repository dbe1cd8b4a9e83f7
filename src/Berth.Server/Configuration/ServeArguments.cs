namespace Berth.Server.Configuration;

/// <summary>The flags of <c>serve</c>; null where one was not given.</summary>
/// <param name="Data">The data folder.</param>
/// <param name="Http">Where plain HTTP listens.</param>
/// <param name="Https">Where HTTPS listens.</param>
/// <param name="Domain">The domain of the registries' names.</param>
/// <param name="Config">The configuration file.</param>
internal sealed record ServeArguments(string? Data = null, string? Http = null, string? Https = null, string? Domain = null, string? Config = null)
{
    /// <summary>Each flag that was given, with the key of the setting it means.</summary>
    public IEnumerable<(string Flag, string Key, string Value)> Settings()
    {
        if (Data is not null)
            yield return ("--data", "Data", Data);
        if (Http is not null)
            yield return ("--http", "Http:Listen", Http);
        if (Https is not null)
            yield return ("--https", "Https:Listen", Https);
        if (Domain is not null)
            yield return ("--domain", "Domain", Domain);
    }
}
