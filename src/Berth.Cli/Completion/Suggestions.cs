using System.CommandLine;
using Berth.Cli.Acr;
using Berth.Cli.Session;

namespace Berth.Cli.Completion;

/// <summary>What may come at the end of a command line.</summary>
internal static class Suggestions
{
    // Somebody waits with a finger on a key.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Commands, flags and known values that begin as the line ends; names of registries where a flag wants one.</summary>
    public static async Task<IReadOnlyList<string>> ForAsync(string line, CancellationToken cancellationToken)
    {
        var blank = line.IndexOf(' ', StringComparison.Ordinal);
        if (blank < 0) return [];
        var typed = line[(blank + 1)..];
        var begun = typed[(typed.LastIndexOf(' ') + 1)..];
        var parsed = BerthCommand.CreateRoot().Parse(typed, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var fitting = WantsRegistry(parsed, typed[..^begun.Length])
            ? await RegistriesAsync(cancellationToken)
            : parsed.GetCompletions(typed.Length).Select(item => item.InsertText ?? item.Label);
        return [.. fitting.Where(item => IsWord(item) && item.StartsWith(begun, StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal)];
    }

    // Aliases of other systems, such as /h, are paths here.
    private static bool IsWord(string item) => item is not ("" or "-?" or ['/', ..]) && !item.Contains(' ', StringComparison.Ordinal);

    private static bool WantsRegistry(ParseResult parsed, string before)
    {
        var last = before.TrimEnd();
        last = last[(last.LastIndexOf(' ') + 1)..];
        return parsed.CommandResult.Command.Options.Any(option => option.HelpName == RegistryResource.HelpName && (option.Name == last || option.Aliases.Contains(last)));
    }

    // Whoever is not signed in gets no names, and no sentence either: it would stand in the middle of what is typed.
    private static async Task<IEnumerable<string>> RegistriesAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            using var session = await ApiSession.OpenAsync(limit.Token);
            return await RegistryResource.NamesAsync(session, limit.Token);
        }
        catch (Exception e) when (e is ClientException or HttpRequestException or IOException or OperationCanceledException)
        {
            return [];
        }
    }
}
