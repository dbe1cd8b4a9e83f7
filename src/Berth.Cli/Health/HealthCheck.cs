using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Health;

/// <summary>How a check ended.</summary>
internal enum HealthStatus
{
    /// <summary>It is as it should be.</summary>
    Ok,

    /// <summary>Nothing fails by it yet.</summary>
    Warning,

    /// <summary>Something fails by it.</summary>
    Error,

    /// <summary>It was not looked at.</summary>
    Skipped,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">What it is about, one word.</param>
/// <param name="Status">How it is.</param>
/// <param name="Message">What was seen.</param>
internal sealed record HealthCheck(string Name, HealthStatus Status, string Message)
{
    /// <summary>The name of what is wrong, which stays the same from version to version; null when nothing is.</summary>
    public string? Code { get; init; }

    /// <summary>What to do about it.</summary>
    public string? NextStep { get; init; }

    /// <summary>A check that found nothing wrong.</summary>
    public static HealthCheck Ok(string name, string message) => new(name, HealthStatus.Ok, message);

    /// <summary>A check that something fails by.</summary>
    public static HealthCheck Error(string name, string code, string message, string nextStep) => new(name, HealthStatus.Error, message) { Code = code, NextStep = nextStep };

    /// <summary>A check that nothing fails by yet.</summary>
    public static HealthCheck Warning(string name, string code, string message, string nextStep) => new(name, HealthStatus.Warning, message) { Code = code, NextStep = nextStep };

    /// <summary>The check as JSON.</summary>
    public JsonElement ToJson() => Json.Make(json =>
    {
        json.WriteString("check"u8, Name);
        json.WriteString("status"u8, Status.ToString().ToLowerInvariant());
        json.WriteString("code"u8, Code);
        json.WriteString("message"u8, Message);
        json.WriteString("nextStep"u8, NextStep);
    });

    /// <summary>The check as lines for people.</summary>
    public string ToText()
    {
        var first = $"{Name,-14} {Status.ToString().ToLowerInvariant(),-8} {(Code is null ? "" : $"{Code}: ")}{Message}";
        return NextStep is null ? first : $"{first}{Environment.NewLine}{"",-23} {NextStep}";
    }
}
