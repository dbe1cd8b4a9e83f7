using System.Globalization;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>What a path of lifecycle rules names, read once at the door.</summary>
/// <param name="Kind">The kind of thing.</param>
/// <param name="Rule">The rule's name; empty for anything else.</param>
/// <param name="Id">The plan's id; 0 for anything else.</param>
internal readonly record struct LifecycleTarget(LifecycleTargetKind Kind, string Rule = "", long Id = 0)
{
    /// <summary>Reads what stands behind the prefix; <see cref="LifecycleTargetKind.None"/> for anything that names nothing.</summary>
    public static LifecycleTarget Parse(string path) => path.Split('/') switch
    {
        ["rules"] => new LifecycleTarget(LifecycleTargetKind.Rules),
        ["rules", var name] when RuleReader.IsName(name) => new LifecycleTarget(LifecycleTargetKind.Rule, name),
        ["previews"] => new LifecycleTarget(LifecycleTargetKind.Previews),
        ["previews", var id] => Of(LifecycleTargetKind.Preview, id),
        ["previews", var id, "items"] => Of(LifecycleTargetKind.PreviewItems, id),
        ["runs"] => new LifecycleTarget(LifecycleTargetKind.Runs),
        ["runs", var id] => Of(LifecycleTargetKind.Run, id),
        ["runs", var id, "items"] => Of(LifecycleTargetKind.RunItems, id),
        _ => default,
    };

    private static LifecycleTarget Of(LifecycleTargetKind kind, string id) =>
        long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? new LifecycleTarget(kind, Id: number) : default;
}
