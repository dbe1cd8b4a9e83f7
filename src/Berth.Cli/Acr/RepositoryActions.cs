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

    /// <summary>The actions as a scope map has them, such as <c>repositories/team/app/content/read</c>.</summary>
    /// <exception cref="ArgumentException">A repository has no action, or an action stands before every repository.</exception>
    public static IReadOnlyList<string> Read(ParseResult parsed, Option<string[]> option)
    {
        var actions = new List<string>();
        string? repository = null;
        var isUsed = true;
        foreach (var word in parsed.GetValue(option) ?? [])
        {
            if (Known.Contains(word) && repository is not null)
            {
                actions.Add($"repositories/{repository}/{word}");
                isUsed = true;
                continue;
            }

            if (!isUsed) break;
            (repository, isUsed) = (word, false);
        }

        return isUsed ? actions : throw new ArgumentException($"{option.Name} {repository}: say what may be done there, of {string.Join(", ", Known)}.");
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
}
