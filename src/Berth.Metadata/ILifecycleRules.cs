namespace Berth.Metadata;

/// <summary>The rules of registries that say what goes and what stays.</summary>
public interface ILifecycleRules
{
    /// <summary>The most rules of a registry.</summary>
    const int MostRules = 100;

    /// <summary>The rule, or null.</summary>
    ValueTask<LifecycleRuleRecord?> FindLifecycleRuleAsync(long registryId, string name, CancellationToken cancellationToken);

    /// <summary>All rules of a registry, by name.</summary>
    ValueTask<IReadOnlyList<LifecycleRuleRecord>> ListLifecycleRulesAsync(long registryId, CancellationToken cancellationToken);

    /// <summary>Makes or replaces a rule; false when the registry has as many as it may.</summary>
    Task<bool> PutLifecycleRuleAsync(LifecycleRuleRecord rule, Caller caller, CancellationToken cancellationToken);

    /// <summary>Deletes a rule; false when there is none.</summary>
    Task<bool> DeleteLifecycleRuleAsync(long registryId, string name, Caller caller, CancellationToken cancellationToken);

    /// <summary>Enabled rules of registries that stand whose time has come, the longest due first.</summary>
    ValueTask<IReadOnlyList<LifecycleRuleRecord>> ListDueLifecycleRulesAsync(int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a run of rules that are due, and says when each is due next, in one transaction; null when one of them was changed since it was read, or another run of the
    /// registry has not ended.
    /// </summary>
    Task<long?> BeginDueRunAsync(
        NewLifecyclePlan plan, IReadOnlyList<(LifecycleRuleRecord Rule, DateTimeOffset? NextAt)> due, CancellationToken cancellationToken);
}
