using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Artifacts;
using Berth.Registry.Identity;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>
/// Makes plans: reads tags and untagged manifests page by page, lets the rules judge them, and adds what they take, with what goes with it, and what something keeps. Its
/// memory is that of a page, however much there is, and what few rows a page gives wait for those of the next ones: a commit costs more than reading many pages.
/// </summary>
internal sealed class PlanMaker(
    ILifecyclePlans plans, ILifecycleCandidates candidates, ILifecycleRules rules, IRepositories repositories, IArtifacts artifacts, ManifestDescriber describer, UsageLog usage,
    LifecycleOptions options, TimeProvider time)
{
    private const int PageOfRepositories = 200;
    private const int PageOfCandidates = 500;
    private const int PageOfResolution = 100;

    // Well within the time of the right to do this.
    private static readonly TimeSpan BetweenSignsOfLife = TimeSpan.FromSeconds(15);

    /// <summary>Evaluates the rules of a plan.</summary>
    /// <exception cref="LifecycleLeaseLostException">Somebody else works on it.</exception>
    /// <exception cref="OciException">A rule cannot be read.</exception>
    public async Task MakeAsync(LifecycleLease lease, LifecyclePlanRecord plan, CancellationToken cancellationToken)
    {
        for (LifecycleItemKey? after = LifecycleItemKey.Start; after is not null;)
            after = await plans.BeginLifecyclePlanAsync(lease, plan.Id, after, cancellationToken);

        // Pulls of the last seconds count, too.
        await usage.FlushIfPossibleAsync(cancellationToken);
        var evaluated = RuleReader.ReadAll(plan.Plan.Rules);
        var others = (await rules.ListLifecycleRulesAsync(lease.RegistryId, cancellationToken)).Where(rule => rule.IsEnabled).Select(rule => RuleReader.ReadOne(rule.Name, rule.Body));
        var evaluation = new RuleEvaluation(evaluated, others, options.Grace, time.GetUtcNow());
        var sheet = new Sheet(plans, lease, plan.Id, time);
        if (evaluation.LooksAtTags) await JudgeTagsAsync(sheet, evaluation, cancellationToken);
        if (evaluation.ShortestUntagged is { } shortest) await JudgeUntaggedAsync(sheet, evaluation, evaluation.Now - shortest, cancellationToken);
        await MeasureAsync(sheet, cancellationToken);
    }

    private async Task JudgeTagsAsync(Sheet sheet, RuleEvaluation evaluation, CancellationToken cancellationToken)
    {
        for (string? after = null; ;)
        {
            var page = await repositories.ListEveryRepositoryAsync(sheet.RegistryId, [NameRange.All], after, PageOfRepositories, cancellationToken);
            var deleting = new List<RepositoryName>();
            foreach (var name in page.Items)
            {
                if (evaluation.OfTags(name) is not { } judge) continue;
                var repository = RepositoryName.Parse(name);
                if (await JudgeTagsAsync(sheet, judge, repository, cancellationToken)) deleting.Add(repository);
            }

            // A repository's manifests are a matter of its own tags, all of which must be in the plan.
            await sheet.FlushAsync(cancellationToken);
            foreach (var repository in deleting) await ResolveAsync(sheet, repository, cancellationToken);
            await sheet.FlushAsync(cancellationToken);
            await sheet.ShowLifeAsync(cancellationToken);
            if (!page.More) return;
            after = page.Last;
        }
    }

    /// <summary>Adds what rules make of a repository's tags; whether one of them is deleted.</summary>
    private async Task<bool> JudgeTagsAsync(Sheet sheet, RepositoryEvaluation judge, RepositoryName repository, CancellationToken cancellationToken)
    {
        var isDeleting = false;
        for (TimeKey? after = null; ;)
        {
            if (await candidates.ListTagCandidatesAsync(sheet.RegistryId, repository, after, PageOfCandidates, cancellationToken) is not { } page) return isDeleting;
            var tags = await DescribeAsync(sheet.RegistryId, page.Items, judge.AsksForArchitectureOf, cancellationToken);
            var pulls = await ReadPullsAsync(tags, judge.AsksForPullOf, cancellationToken);
            List<(LifecycleCandidate Tag, Verdict Verdict)> judged = [];
            foreach (var tag in tags)
            {
                if (judge.Judge(tag, pulls.GetValueOrDefault(tag.Tag!)) is { } verdict) judged.Add((tag, verdict));
            }

            // What costs a look of its own is looked at for those alone that would go.
            var going = judged.Where(one => one.Verdict is { Reason: LifecycleReason.None, Rule.Action: not LifecycleAction.ArchiveLock }).Select(one => one.Tag).ToList();
            var keepers = await FindKeepersAsync(sheet.RegistryId, going, cancellationToken);
            List<LifecycleItem> items = [.. judged.Select(one => ItemOf(one.Tag, one.Verdict, keepers.GetValueOrDefault(one.Tag.Tag!)))];
            isDeleting |= items.Exists(item => item is { IsTaken: true, Action: LifecycleAction.Delete });
            await sheet.AddAsync(items, cancellationToken);
            await sheet.ShowLifeAsync(cancellationToken);
            if (!page.More) return isDeleting;
            after = TimeKey.Parse(page.Last!);
        }
    }

    private async Task ResolveAsync(Sheet sheet, RepositoryName repository, CancellationToken cancellationToken)
    {
        for (string? after = null; ;)
        {
            var page = await candidates.ResolveTaggedAsync(sheet.RegistryId, sheet.PlanId, repository, after, PageOfResolution, options.Grace, cancellationToken);
            await sheet.AddAsync(page.Items, cancellationToken);
            if (!page.More) return;

            // What goes with a tag may be named by one of the next page, too.
            await sheet.FlushAsync(cancellationToken);
            after = page.Last;
        }
    }

    private async Task JudgeUntaggedAsync(Sheet sheet, RuleEvaluation evaluation, DateTimeOffset until, CancellationToken cancellationToken)
    {
        for (TimeKey? after = null; ;)
        {
            var page = await candidates.ListUntaggedCandidatesAsync(sheet.RegistryId, until, after, PageOfResolution, cancellationToken);
            var manifests = await DescribeAsync(sheet.RegistryId, page.Items, evaluation.AsksForArchitectureOf, cancellationToken);
            var pulls = await ReadPullsAsync(manifests, evaluation.AsksForPullOf, cancellationToken);
            List<(LifecycleCandidate, string)> chosen = [];
            List<LifecycleItem> locked = [];
            foreach (var manifest in manifests)
            {
                if (evaluation.JudgeUntagged(manifest, pulls.GetValueOrDefault(KeyOf(manifest))) is not { } rule) continue;
                if (rule.Action == LifecycleAction.Delete) chosen.Add((manifest, rule.Name));
                else locked.Add(ItemOf(manifest, new Verdict(rule, LifecycleReason.None), default));
            }

            await sheet.AddAsync(locked, cancellationToken);
            await sheet.AddAsync(await candidates.ResolveUntaggedAsync(sheet.RegistryId, sheet.PlanId, chosen, options.Grace, cancellationToken), cancellationToken);
            await sheet.FlushAsync(cancellationToken);
            await sheet.ShowLifeAsync(cancellationToken);
            if (!page.More) return;
            after = TimeKey.Parse(page.Last!);
        }
    }

    private async Task MeasureAsync(Sheet sheet, CancellationToken cancellationToken)
    {
        for (var after = LifecycleItemKey.Start; ;)
        {
            var page = await candidates.MeasureAsync(sheet.RegistryId, sheet.PlanId, after, PageOfResolution, cancellationToken);
            // Of a run that goes on, what was done before was measured then, and is counted already.
            List<LifecycleItem> measured = [.. page.Items.Where(item => item is { Bytes: > 0, IsDone: null })];
            if (measured.Count > 0) await plans.SetLifecycleBytesAsync(sheet.Lease, sheet.PlanId, measured, cancellationToken);
            else await sheet.ShowLifeAsync(cancellationToken);
            if (!page.More) return;
            after = page.Items[^1].Key;
        }
    }

    private async Task<IReadOnlyList<LifecycleCandidate>> DescribeAsync(
        long registryId, IReadOnlyList<LifecycleCandidate> page, Func<LifecycleCandidate, bool> asks, CancellationToken cancellationToken)
    {
        var described = new List<LifecycleCandidate>(page.Count);
        foreach (var candidate in page)
        {
            described.Add(candidate.IsDescribed || !asks(candidate) ? candidate : await DescribeAsync(registryId, candidate, cancellationToken));
        }

        return described;
    }

    private async Task<LifecycleCandidate> DescribeAsync(long registryId, LifecycleCandidate candidate, CancellationToken cancellationToken)
    {
        var repository = RepositoryName.Parse(candidate.Repository);
        if (await artifacts.FindManifestDetailsAsync(registryId, repository, candidate.Digest, cancellationToken) is not { } details) return candidate;
        var described = await describer.DescribeAsync(registryId, repository, [details], cancellationToken);
        return candidate with { Architecture = described[0].Description.Architecture };
    }

    private async Task<Dictionary<string, (LifecycleReason Reason, string? Holder)>> FindKeepersAsync(
        long registryId, List<LifecycleCandidate> going, CancellationToken cancellationToken)
    {
        if (going.Count == 0) return [];
        return going.Zip(await candidates.FindTagKeepersAsync(registryId, going, cancellationToken)).ToDictionary(pair => pair.First.Tag!, pair => pair.Second);
    }

    private async Task<Dictionary<string, DateTimeOffset?>> ReadPullsAsync(
        IReadOnlyList<LifecycleCandidate> page, Func<LifecycleCandidate, bool> asks, CancellationToken cancellationToken)
    {
        var asked = page.Where(asks).ToList();
        if (asked.Count == 0) return [];
        return asked.Zip(await candidates.ReadLastPullsAsync(asked, cancellationToken)).ToDictionary(pair => KeyOf(pair.First), pair => pair.Second);
    }

    private static string KeyOf(LifecycleCandidate candidate) => candidate.Tag ?? $"{candidate.Repository}@{candidate.Digest}";

    private static LifecycleItem ItemOf(LifecycleCandidate candidate, Verdict verdict, (LifecycleReason Reason, string? Holder) keeper)
    {
        var reason = verdict.Reason != LifecycleReason.None ? verdict.Reason : keeper.Reason;
        var kind = candidate.Tag is null ? LifecycleItemKind.Manifest : LifecycleItemKind.Tag;
        return new LifecycleItem(candidate.Repository, kind, candidate.Tag ?? candidate.Digest.ToString(), candidate.Digest, verdict.Rule.Name, verdict.Rule.Action)
        {
            IsTaken = reason == LifecycleReason.None,
            Reason = reason,
            Holder = keeper.Holder,
            SeenAt = candidate.UpdatedAt.ToUnixTimeMilliseconds(),
        };
    }

    /// <summary>Where the items of one plan are written down.</summary>
    private sealed class Sheet(ILifecyclePlans plans, LifecycleLease lease, long planId, TimeProvider time)
    {
        private readonly List<LifecycleItem> _waiting = [];
        private long _last = time.GetTimestamp();

        public LifecycleLease Lease => lease;

        public long RegistryId => lease.RegistryId;

        public long PlanId => planId;

        /// <summary>Adds items; the last few wait for more of them, or for <see cref="FlushAsync"/>.</summary>
        public async Task AddAsync(IReadOnlyList<LifecycleItem> items, CancellationToken cancellationToken)
        {
            _waiting.AddRange(items);
            while (_waiting.Count >= ILifecyclePlans.LargestPage) await WriteAsync(ILifecyclePlans.LargestPage, cancellationToken);
        }

        /// <summary>Writes down all that was added.</summary>
        public async Task FlushAsync(CancellationToken cancellationToken)
        {
            if (_waiting.Count > 0) await WriteAsync(_waiting.Count, cancellationToken);
        }

        /// <summary>Keeps the right to do this where nothing was written for a while.</summary>
        public async Task ShowLifeAsync(CancellationToken cancellationToken)
        {
            if (time.GetElapsedTime(_last) < BetweenSignsOfLife) return;
            await WriteAsync(_waiting.Count, cancellationToken);
        }

        private async Task WriteAsync(int count, CancellationToken cancellationToken)
        {
            await plans.AddLifecycleItemsAsync(lease, planId, _waiting.GetRange(0, count), cancellationToken);
            _waiting.RemoveRange(0, count);
            _last = time.GetTimestamp();
        }
    }
}
