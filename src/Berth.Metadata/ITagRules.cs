namespace Berth.Metadata;

/// <summary>The rules of registries that make tags write-once. Every act that would move or remove a tag reads them in its own transaction.</summary>
public interface ITagRules
{
    /// <summary>The most rules that a registry has: an act on a tag looks at each.</summary>
    const int MostRules = 50;

    /// <summary>A rule, or null.</summary>
    ValueTask<TagRuleRecord?> FindTagRuleAsync(long registryId, string name, CancellationToken cancellationToken);

    /// <summary>A registry's rules by name.</summary>
    ValueTask<IReadOnlyList<TagRuleRecord>> ListTagRulesAsync(long registryId, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a rule, or changes the one of its name; it holds at once, for tags that stand as well. <see cref="CreateOutcome.Unknown"/> when the registry is absent,
    /// <see cref="CreateOutcome.TooMany"/> beside <see cref="MostRules"/> others.
    /// </summary>
    Task<CreateResult<TagRuleRecord>> PutTagRuleAsync(long registryId, TagRule rule, Caller caller, CancellationToken cancellationToken);

    /// <summary>Deletes a rule; false when it is absent.</summary>
    Task<bool> DeleteTagRuleAsync(long registryId, string name, Caller caller, CancellationToken cancellationToken);
}
