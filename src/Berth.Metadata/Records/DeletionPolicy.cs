namespace Berth.Metadata;

/// <summary>A policy of a registry that deletes something after days.</summary>
/// <param name="IsEnabled">Whether it is in force.</param>
/// <param name="Days">After how many days.</param>
/// <param name="UpdatedAt">When it was changed last; null while it is as in a new registry.</param>
public readonly record struct DeletionPolicy(bool IsEnabled, int Days, DateTimeOffset? UpdatedAt)
{
    /// <summary>The policy of a new registry.</summary>
    public static readonly DeletionPolicy Default = new(IsEnabled: false, Days: 7, UpdatedAt: null);

    /// <summary>The policy after a change at a time; the same where that changes nothing.</summary>
    public DeletionPolicy Apply(DeletionPolicyChange change, DateTimeOffset now)
    {
        var (isEnabled, days) = (change.IsEnabled ?? IsEnabled, change.Days ?? Days);
        return (isEnabled, days) == (IsEnabled, Days) ? this : new DeletionPolicy(isEnabled, days, now);
    }
}

/// <summary>What to change of a policy; null leaves it.</summary>
/// <param name="IsEnabled">Whether it is in force.</param>
/// <param name="Days">After how many days.</param>
public readonly record struct DeletionPolicyChange(bool? IsEnabled, int? Days);
