using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Lifecycle;

/// <summary>The flags that a lifecycle rule is made of.</summary>
internal sealed class RuleOptions
{
    private readonly Option<string[]> _repositories = List("--repositories", "Patterns of repositories: * is anything but a slash, ** anything.");
    private readonly Option<string?> _repositoryRegex = ApiCommand.Optional("A regular expression for whole names of repositories.", "--repository-regex");
    private readonly Option<string[]> _tags = List("--tags", "Patterns of tags, such as build-*; all tags when neither this nor --tag-regex is given.");
    private readonly Option<string?> _tagRegex = ApiCommand.Optional("A regular expression that is looked for in tags.", "--tag-regex");
    private readonly Option<string?> _olderThan = ApiCommand.Optional("For how long the tag has named what it names, such as 30d or 2d3h6m.", "--older-than");
    private readonly Option<string?> _untaggedFor = ApiCommand.Optional("Makes it a rule about manifests that no tag has named for this time.", "--untagged-for");
    private readonly Option<string?> _notPulledFor = ApiCommand.Optional("For how long it was not pulled.", "--not-pulled-for");
    private readonly Option<int?> _keepLast = new("--keep-last") { Description = "Of a repository's tags that the patterns match, so many of the newest stay." };
    private readonly Option<string[]> _artifactTypes = List("--artifact-types", "Patterns of artifact types, or of configs' media types.");
    private readonly Option<string[]> _architectures = List("--architectures", "Architectures, such as arm64.");
    private readonly Option<long?> _largerThan = new("--larger-than") { Description = "The size that the image exceeds, in bytes." };
    private readonly Option<string?> _keepReleases = ApiCommand.Optional("Releases that stay whichever rule runs: a pattern of tags and how many of the newest, such as v*=3.", "--keep-releases");
    private readonly Option<string?> _action = ApiCommand.Optional("untag, delete or archive-lock.", "--action");

    /// <summary>Makes the flags.</summary>
    public RuleOptions() => _action.AcceptOnlyFromAmong("untag", "delete", "archive-lock");

    /// <summary>All of them.</summary>
    public IReadOnlyList<Option> All =>
    [
        _repositories, _repositoryRegex, _tags, _tagRegex, _olderThan, _untaggedFor, _notPulledFor, _keepLast, _artifactTypes, _architectures, _largerThan, _keepReleases, _action,
    ];

    /// <summary>Whether one of them is given.</summary>
    public bool AreGiven(ParseResult parsed) => All.Any(option => parsed.GetResult(option) is { Implicit: false });

    /// <summary>The rule that they make.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="name">Its name.</param>
    /// <param name="writeMore">Writes what else there is of it.</param>
    /// <exception cref="ArgumentException">One of them says nothing.</exception>
    public JsonElement Read(ParseResult parsed, string name, Action<Utf8JsonWriter> writeMore) => Json.Make(json =>
    {
        json.WriteString("name"u8, name);
        writeMore(json);
        WriteList(json, "repositories", parsed.GetValue(_repositories));
        json.TextIfAny("repositoryRegex", parsed.GetValue(_repositoryRegex));
        WriteList(json, "tags", parsed.GetValue(_tags));
        json.TextIfAny("tagRegex", parsed.GetValue(_tagRegex));
        json.TextIfAny("olderThan", parsed.GetValue(_olderThan));
        json.TextIfAny("untaggedFor", parsed.GetValue(_untaggedFor));
        json.TextIfAny("notPulledFor", parsed.GetValue(_notPulledFor));
        if (parsed.GetValue(_keepLast) is { } keep) json.WriteNumber("keepLast"u8, keep);
        WriteList(json, "artifactTypes", parsed.GetValue(_artifactTypes));
        WriteList(json, "architectures", parsed.GetValue(_architectures));
        if (parsed.GetValue(_largerThan) is { } size) json.WriteNumber("largerThan"u8, size);
        if (parsed.GetValue(_keepReleases) is { } releases) WriteReleases(json, releases);
        json.WriteString("action"u8, parsed.GetValue(_action) ?? throw new ArgumentException("Give --action: untag, delete or archive-lock."));
    });

    private static void WriteReleases(Utf8JsonWriter json, string text)
    {
        var at = text.LastIndexOf('=');
        if (at <= 0 || !int.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            throw new ArgumentException($"'{text}' does not say which releases to keep; write a pattern and a number, such as v*=3.");
        json.WriteStartObject("keepReleases"u8);
        WriteList(json, "tags", [text[..at]]);
        json.WriteNumber("count"u8, count);
        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, string[]? texts)
    {
        if (texts is not { Length: > 0 }) return;
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static Option<string[]> List(string name, string description) => new(name) { Description = description, AllowMultipleArgumentsPerToken = true };
}
