using System.CommandLine;
using System.Globalization;
using Berth.Cli.Session;

namespace Berth.Cli.Garbage;

/// <summary><c>garbage</c>: garbage collection as an operator sees it.</summary>
internal static class GarbageCommand
{
    private const string Path = "/berth/v1/garbage";
    private const string Version = "2023-07-01";

    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("garbage", "Garbage collection: whether it runs, what is due, and what it would take.") { Show(), Pause(), Resume(), Proof() };

    private static Command Show() => ApiCommand.Create("show", "Shows whether it runs, how much is due, what the last round did, and how long the rest will take.", [], (_, session, cancellationToken) =>
        session.ArmAsync(HttpMethod.Get, Path, Version, null, cancellationToken));

    private static Command Pause()
    {
        var until = ApiCommand.Optional("Until when, such as 2026-01-31T12:00:00Z.", "--until");
        var hours = new Option<double?>("--hours") { Description = "For how many hours, 168 at most." };
        return ApiCommand.Create("pause", "Pauses deletion for some time, seven days at most.", [until, hours], (parsed, session, cancellationToken) =>
        {
            var end = (parsed.GetValue(until), parsed.GetValue(hours)) switch
            {
                ({ } text, null) => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var given)
                    ? given
                    : throw new ArgumentException($"'{text}' is no time; write 2026-01-31T12:00:00Z."),
                (null, { } count) when count is > 0 and <= 168 => TimeProvider.System.GetUtcNow().AddHours(count),
                _ => throw new ArgumentException("Give either --until or --hours, from 0 to 168."),
            };
            return session.ArmAsync(HttpMethod.Put, Path + "/pause", Version, json => json.WriteString("until"u8, end), cancellationToken);
        });
    }

    private static Command Resume() => ApiCommand.Create("resume", "Lets deletion go on.", [], (_, session, cancellationToken) =>
        session.ArmAsync(HttpMethod.Delete, Path + "/pause", Version, null, cancellationToken));

    private static Command Proof()
    {
        var taken = ApiCommand.Switch("Only what would be taken.", "--taken-only");
        return ApiCommand.Create("proof", "Lists what is due, with what would become of it now and why; nothing is changed.", [taken], async (parsed, session, cancellationToken) =>
        {
            var entries = await session.ArmListAsync(Path + "/proof", Version, cancellationToken, "&n=1000");
            return Json.Array(entries.Where(entry => !parsed.GetValue(taken) || entry.Flag("taken")));
        });
    }
}
