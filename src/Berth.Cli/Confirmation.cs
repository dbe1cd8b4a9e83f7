using System.CommandLine;
using Berth.Cli.Session;

namespace Berth.Cli;

/// <summary>The question before something is gone for good.</summary>
internal static class Confirmation
{
    /// <summary>The flag that answers it beforehand.</summary>
    public static Option<bool> Option() => new("--yes", "-y") { Description = "Do not ask before it is done." };

    /// <summary>Asks, unless it is answered.</summary>
    /// <exception cref="ArgumentException">There is nobody to ask.</exception>
    /// <exception cref="ClientException">The answer is no.</exception>
    public static void Require(string question, bool isAnswered)
    {
        if (isAnswered) return;
        if (Console.IsInputRedirected) throw new ArgumentException($"{question} Give --yes: there is nobody to ask.");
        Console.Error.Write($"{question} (y/n): ");
        if (Console.ReadLine()?.Trim().ToUpperInvariant() is not ("Y" or "YES")) throw new ClientException("nothing was done.");
    }
}
