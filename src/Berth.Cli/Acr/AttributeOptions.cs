using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;
using Berth.Oci.Client;

namespace Berth.Cli.Acr;

/// <summary>The flags that lock and unlock a repository, a tag or a manifest.</summary>
internal sealed class AttributeOptions
{
    private readonly (string Name, Option<bool?> Option)[] _flags =
    [
        ("deleteEnabled", new("--delete-enabled") { Description = "true or false: whether it may be deleted." }),
        ("listEnabled", new("--list-enabled") { Description = "true or false: whether lists show it." }),
        ("readEnabled", new("--read-enabled") { Description = "true or false: whether it may be pulled." }),
        ("writeEnabled", new("--write-enabled") { Description = "true or false: whether it may be overwritten, untagged or deleted." }),
    ];

    /// <summary>The flags.</summary>
    public IEnumerable<Option> All => _flags.Select(flag => flag.Option);

    /// <summary>What is to be changed.</summary>
    /// <exception cref="ArgumentException">Nothing is.</exception>
    public JsonElement Read(ParseResult parsed)
    {
        var given = _flags.Where(flag => parsed.GetValue(flag.Option) is not null).ToList();
        if (given.Count == 0) throw new ArgumentException($"Say what to change: {string.Join(", ", _flags.Select(flag => flag.Option.Name))}.");
        return Json.Make(json =>
        {
            foreach (var (name, option) in given) json.WriteBoolean(name, parsed.GetValue(option) == true);
        });
    }

    /// <summary>What an answer about a tag or manifest holds inside the names of its registry and repository, which az leaves out.</summary>
    public static JsonElement Inner(JsonElement answer) =>
        answer.TryGetProperty("tag", out var tag) ? tag : answer.TryGetProperty("manifest", out var manifest) ? manifest : answer;

    /// <summary>The order that a list is asked for in.</summary>
    public static MetadataOrder Order(string? text) => text switch
    {
        "time_asc" => MetadataOrder.OldestFirst,
        "time_desc" => MetadataOrder.NewestFirst,
        _ => MetadataOrder.Name,
    };

    /// <summary>The flag for it.</summary>
    public static Option<string?> OrderOption()
    {
        var option = new Option<string?>("--orderby") { Description = "time_asc or time_desc: by the time of the last change." };
        option.AcceptOnlyFromAmong("time_asc", "time_desc");
        return option;
    }

    /// <summary>The flag that ends a list early.</summary>
    public static Option<int?> TopOption() => new("--top") { Description = "How many to list at most." };

    /// <summary>How many entries to ask for at a time: no more than are listed; null leaves it to the client.</summary>
    public static int? PageSize(int? top) => top is { } most ? Math.Clamp(most, 1, 100) : null;
}
