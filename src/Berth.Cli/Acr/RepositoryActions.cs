using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary>A flag whose values are a repository and what may be done there, as in <c>--repository team/app content/read metadata/read</c>, any number of times.</summary>
internal static class RepositoryActions
{
    private static readonly string[] Known = ["content/delete", "content/read", "content/write", "metadata/read", "metadata/write"];

    /// <summary>The flag.</summary>
    public static Option<string[]> Option(string name, string description) => new(name)
    {
        Description = $"{description}: a repository and then actions, of {string.Join(", ", Known)}.",
        AllowMultipleArgumentsPerToken = true,
    };

    /// <summary>The actions that the flag was given, as a scope map has them.</summary>
    /// <exception cref="ArgumentException">A repository has no action, or there is none before an action.</exception>
    public static IReadOnlyList<string> Read(ParseResult parsed, Option<string[]> option) => Read(parsed.GetValue(option));

    /// <summary>The actions as a scope map has them, such as <c>repositories/team/app/content/read</c>.</summary>
    /// <exception cref="ArgumentException">A repository has no action, or there is none before an action.</exception>
    public static IReadOnlyList<string> Read(string[]? words)
    {
        var read = new List<string>();
        string? repository = null;
        var isWaiting = false;
        foreach (var word in words ?? [])
        {
            if (Known.Contains(word, StringComparer.OrdinalIgnoreCase))
            {
                read.Add($"repositories/{repository ?? throw new ArgumentException($"'{word}' is an action; a repository comes before it.")}/{word.ToLowerInvariant()}");
                isWaiting = false;
                continue;
            }

            if (isWaiting) throw Waiting(repository!);
            (repository, isWaiting) = (word, true);
        }

        return isWaiting ? throw Waiting(repository!) : read;
    }

    /// <summary>Writes a scope map's body.</summary>
    public static void Write(Utf8JsonWriter json, IEnumerable<string> actions, string? description)
    {
        json.WriteStartObject("properties"u8);
        json.TextIfAny("description", description);
        json.WriteStartArray("actions"u8);
        foreach (var action in actions) json.WriteStringValue(action);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static ArgumentException Waiting(string repository) =>
        new($"The repository '{repository}' needs an action after it: one of {string.Join(", ", Known)}.");
}
