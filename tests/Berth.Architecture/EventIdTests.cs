using System.Reflection;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Berth.Architecture;

/// <summary>Log events: each has an id of its own in its room's range, and stands in docs/reference/log-events.md. UPDATE_DOCS=1 writes that page anew.</summary>
public sealed class EventIdTests
{
    private const string Page = "docs/reference/log-events.md";

    private static readonly (string Room, int From, int Until)[] Ranges =
    [
        ("Berth.Server", 1000, 1099),
        ("Berth.Storage", 2000, 2999),
        ("Berth.Metadata", 3000, 3999),
        ("Berth.Registry", 4000, 9999),
    ];

    [Fact]
    public void An_event_id_is_used_once() =>
        Assert.Empty(Events().GroupBy(e => e.Id).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(e => e.Method))}"));

    [Fact]
    public void An_event_id_lies_in_the_range_of_its_room() =>
        Assert.Empty(Events().Where(e => Ranges.Single(r => r.Room == e.Room) is var range && (e.Id < range.From || e.Id > range.Until)).ToList());

    [Fact]
    public void An_event_has_a_message() => Assert.DoesNotContain(Events(), e => string.IsNullOrWhiteSpace(e.Message));

    [Fact]
    public void The_reference_page_of_log_events_is_current()
    {
        var text = new StringBuilder();
        text.Append("""
            # Log events

            Made from the `[LoggerMessage]` methods in `src/`; do not edit (`UPDATE_DOCS=1 dotnet test --project tests/Berth.Architecture` writes it anew).
            An id never gets a second meaning. The host has 1000 to 1099, storage 2000 to 2999, metadata 3000 to 3999, the registry's features 4000 and up.

            | event | level | message | logged by |
            |---|---|---|---|

            """);
        foreach (var e in Events().OrderBy(e => e.Id))
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"| {e.Id} | {e.Level} | {e.Message.Replace("|", "\\|", StringComparison.Ordinal)} | `{e.Method}` |\n");
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1")
            File.WriteAllText(Path.Combine(SourceTree.Root, Page), text.ToString());
        Assert.True(text.ToString() == SourceTree.Read(Page), $"{Page} is not current: run the tests with UPDATE_DOCS=1 to write it anew.");
    }

    private static List<(string Room, int Id, LogLevel Level, string Message, string Method)> Events()
    {
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var events = new List<(string, int, LogLevel, string, string)>();
        foreach (var (room, _, _) in Ranges)
        {
            var assembly = room == "Berth.Server" ? "berth-server" : room;
            foreach (var method in Assembly.Load(assembly).GetTypes().SelectMany(t => t.GetMethods(All)))
            {
                if (method.GetCustomAttribute<LoggerMessageAttribute>() is { } log)
                    events.Add((room, log.EventId, log.Level, log.Message, $"{method.DeclaringType!.Name}.{method.Name}"));
            }
        }

        return events;
    }
}
