using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle.Rules;

namespace Berth.Registry.Tests.Lifecycle.Rules;

/// <summary>The engine against a model that looks at everything at once, and its patterns and times by themselves.</summary>
public sealed class RuleEvaluationTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly Digest Some = Digest.Compute(DigestAlgorithm.Sha256, [1]);

    private static readonly Gen<LifecycleCandidate> Tags = Gen.Select(
        Gen.OneOf("v", "b", "x"), Gen.Int[0, 9], Gen.Int[0, 12], Gen.Int[0, 12], Gen.OneOf(Locks.None, Locks.Delete, Locks.Write, Locks.Read), Gen.Long[0, 4]).Select(
        (line, number, age, pushed, locks, size) => new LifecycleCandidate($"{line}{number}", 1, Some, Now - TimeSpan.FromDays(age))
        {
            Repository = "app",
            Locks = locks,
            OwnLocks = locks,
            PushedAt = Now - TimeSpan.FromDays(pushed),
            Size = size,
        });

    private static readonly Gen<LifecycleRule> Rules = Gen.Select(
        Gen.OneOf<string[]>([], ["v*"], ["b*", "x1"]), Gen.Int[-1, 12], Gen.Int[0, 4], Gen.Int[0, 3], Gen.Long[-1, 4], Gen.Int[0, 3],
        Gen.Enum<LifecycleAction>(), Gen.OneOf("app", "other")).Select(
        (tags, age, last, spare, size, releases, action, repository) => new LifecycleRule("rule", action)
        {
            Repositories = [repository],
            Tags = tags,
            Conditions = new RuleConditions { OlderThan = age < 0 ? null : TimeSpan.FromDays(age), KeepLast = last, SpareNewest = spare, LargerThan = size < 0 ? null : size },
            KeepReleases = releases > 0 ? new ReleaseLine(["v*"], releases) : null,
        });

    [Fact]
    public void What_rules_take_and_keep_is_what_the_model_says() => Gen.Select(Tags.Array[0, 30], Rules.Array[1, 3]).Sample((tags, rules) =>
    {
        var named = rules.Select((rule, i) => rule with { Name = $"rule-{i}" }).ToList();
        var ordered = tags.DistinctBy(tag => tag.Tag).OrderByDescending(tag => tag.UpdatedAt).ThenByDescending(tag => tag.Tag, StringComparer.Ordinal).ToList();
        var judge = new RuleEvaluation(named, [], TimeSpan.FromDays(1), Now).OfTags("app");
        foreach (var tag in ordered)
        {
            var verdict = judge?.Judge(tag, null);
            Assert.Equal(Model(ordered, tag, named), verdict is { } found ? (found.Rule.Name, found.Reason) : null);
        }
    });

    [Theory]
    [InlineData("a|b", "ab", "x", false)]
    [InlineData("a|b", "b", "x", true)]
    [InlineData("b", "b", "^x", true)]
    [InlineData("b", "b", "y$", false)]
    public void An_expression_matches_whole_repositories_and_parts_of_tags(string repository, string name, string tag, bool takes)
    {
        var rule = new LifecycleRule("rule", LifecycleAction.Untag) { RepositoryRegex = repository, TagRegex = tag };
        var judge = new RuleEvaluation([rule], [], TimeSpan.Zero, Now).OfTags(name);
        Assert.Equal(takes, judge?.Judge(new LifecycleCandidate("xyz", 1, Some, Now) { Repository = name }, null) is not null);
    }

    [Theory]
    [InlineData("30d", 30 * 24 * 60)]
    [InlineData("2d3h6m", (2 * 24 * 60) + (3 * 60) + 6)]
    [InlineData("0d", 0)]
    [InlineData("90m", 90)]
    public void A_time_is_read_as_acr_purge_reads_it(string text, int minutes)
    {
        Assert.True(RuleDuration.TryParse(text, out var time));
        Assert.Equal(TimeSpan.FromMinutes(minutes), time);
        Assert.True(RuleDuration.TryParse(RuleDuration.Format(time), out var again));
        Assert.Equal(time, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("d")]
    [InlineData("1")]
    [InlineData("1h1d")]
    [InlineData("1d1d")]
    [InlineData("-1d")]
    [InlineData("1.5d")]
    [InlineData("99999999d")]
    [InlineData("9999999999999999999d")]
    public void What_is_no_time_is_none(string text) => Assert.False(RuleDuration.TryParse(text, out _));

    [Fact]
    public void A_rule_is_read_as_it_was_written() => Rules.Where(rule => rule.Conditions.OlderThan is not null).Sample(rule =>
        Assert.Equal(RuleWriter.Text(rule), RuleWriter.Text(RuleReader.ReadOne(rule.Name, RuleWriter.Text(rule)))));

    // Each rule by itself over the whole list, from its definition.
    private static (string, LifecycleReason)? Model(List<LifecycleCandidate> newestFirst, LifecycleCandidate tag, List<LifecycleRule> rules)
    {
        (string, LifecycleReason)? kept = null;
        var isRelease = rules.Any(rule => rule.Repositories[0] == "app" && rule.KeepReleases is { } line && newestFirst.Where(one => one.Tag![0] == 'v').Take(line.Count).Contains(tag));
        foreach (var rule in rules.Where(rule => rule.Repositories[0] == "app"))
        {
            var matching = newestFirst.Where(one => rule.Tags.Count == 0 || (rule.Tags[0] == "v*" ? one.Tag![0] == 'v' : one.Tag![0] == 'b' || one.Tag == "x1")).ToList();
            var selected = matching.Where(one => (rule.Conditions.OlderThan is not { } age || Now - one.UpdatedAt >= age) && !(one.Size <= rule.Conditions.LargerThan)
                && !(rule.Action == LifecycleAction.ArchiveLock && one.OwnLocks.HasFlag(Locks.Delete | Locks.Write))).ToList();
            if (!selected.Contains(tag)) continue;
            var isLast = matching.IndexOf(tag) < rule.Conditions.KeepLast;
            var isSpared = selected.Except(matching.Take(rule.Conditions.KeepLast)).Take(rule.Conditions.SpareNewest).Contains(tag);
            if (isLast || isSpared)
            {
                kept ??= (rule.Name, LifecycleReason.KeepLast);
                continue;
            }

            var reason = rule.Action == LifecycleAction.ArchiveLock ? LifecycleReason.None
                : (tag.Locks & (Locks.Delete | Locks.Write)) != 0 ? LifecycleReason.Locked
                : isRelease ? LifecycleReason.Release
                : Now - tag.UpdatedAt < TimeSpan.FromDays(1) ? LifecycleReason.YoungerThanGrace
                : LifecycleReason.None;
            return (rule.Name, reason);
        }

        return kept;
    }
}
