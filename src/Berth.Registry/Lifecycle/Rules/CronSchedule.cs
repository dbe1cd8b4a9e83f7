using Cronos;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>When something runs by itself: the five fields of cron, in UTC.</summary>
internal static class CronSchedule
{
    /// <summary>Whether the text is a schedule that comes at some time.</summary>
    public static bool IsValid(string text) => text.Length <= 100 && CronExpression.TryParse(text, out var cron) && cron.GetNextOccurrence(DateTime.UnixEpoch) is not null;

    /// <summary>The next time after one; null for never.</summary>
    public static DateTimeOffset? Next(string text, DateTimeOffset after) =>
        CronExpression.TryParse(text, out var cron) && cron.GetNextOccurrence(after.UtcDateTime) is { } next ? new DateTimeOffset(next, TimeSpan.Zero) : null;
}
