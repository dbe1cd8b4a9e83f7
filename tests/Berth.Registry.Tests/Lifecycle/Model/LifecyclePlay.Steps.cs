using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle.Rules;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Lifecycle.Model;

/// <summary>What the steps do.</summary>
internal sealed partial class LifecyclePlay
{
    private static readonly (string Flag, Locks Lock)[] Flags =
        [("deleteEnabled", Locks.Delete), ("writeEnabled", Locks.Write), ("listEnabled", Locks.List), ("readEnabled", Locks.Read)];

    // What the run does that is open: a crash may have left one in its middle.
    private IReadOnlyList<ModelRule>? _openRun;

    private Task DoAsync(ModelStep step)
    {
        var repository = _state.Repositories[Names[step.A % Names.Length]];
        var (name, crashAt) = (repository.Name, step.CrashAt);
        var all = repository.Manifests.Values.ToList();
        var chosen = all.Count == 0 ? null : all[step.B % all.Count].Artifact;
        var live = repository.Live.ToList();
        var standing = live.Count == 0 ? null : live[step.B % live.Count].Artifact;
        var tag = step.C % (Tags.Length + 1) is var number && number < Tags.Length ? Tags[number] : null;
        return step.Action switch
        {
            ModelAction.PushImage => PushAsync(crashAt, name, Artifact.Image(step.B % 3, step.B / 3 % 4), tag),
            ModelAction.PushIndex when standing is not null => PushIndexAsync(step, repository, tag),
            ModelAction.PushReferrer when standing is not null => PushAsync(crashAt, name, Artifact.Image(step.C % 3, 5, standing), step.C % 4 == 0 ? tag : null),
            ModelAction.PushSignature when standing is not null => PushAsync(crashAt, name, Artifact.Signature(standing), standing.SignatureTag),
            ModelAction.PushAgain when _known.Count > 0 => PutAsync(crashAt, name, _known.Values.ElementAt(step.B % _known.Count), tag),
            ModelAction.Tag when standing is not null && tag is not null => PutAsync(crashAt, name, standing, tag),
            ModelAction.Untag => UntagAsync(step, repository),
            ModelAction.Delete when chosen is not null => AskAsync(
                crashAt, () => _host.Client.DeleteManifestAsync(name, chosen.Digest.ToString()), ClientActs.Delete(_state, name, chosen.Digest, Now)),
            ModelAction.Restore when chosen is not null => AskAsync(
                crashAt, () => SendAsync("POST", $"/acr/v1/_deleted/{name}/_manifests/{chosen.Digest}"), ClientActs.Restore(_state, name, chosen.Digest, Now)),
            ModelAction.Purge when chosen is not null => AskAsync(
                crashAt, () => SendAsync("DELETE", $"/acr/v1/_deleted/{name}/_manifests/{chosen.Digest}"), ClientActs.Purge(_state, name, chosen.Digest, Now)),
            ModelAction.DeleteRepository => AskAsync(crashAt, () => SendAsync("DELETE", $"/acr/v1/{name}"), ClientActs.DeleteRepository(_state, name, Now)),
            ModelAction.RestoreRepository => RestoreAsync(name),
            ModelAction.LockTag or ModelAction.LockManifest or ModelAction.LockRepository => LockAsync(step, repository, standing),
            ModelAction.Unlock => UnlockAsync(),
            ModelAction.Report when chosen is not null => ReportAsync(step, repository, chosen),
            ModelAction.EndReport when _state.Reports.Count > 0 => EndReportAsync(step),
            ModelAction.QuarantineManifest when chosen is not null => QuarantineAsync(step, chosen),
            ModelAction.QuarantineRepository => QuarantineAsync(step, repository),
            ModelAction.Release when _state.Quarantined.Count > 0 => ReleaseAsync(step),
            ModelAction.Pass when standing is not null => PassAsync(step, name, standing),
            ModelAction.QuarantinePushes => SetAsync(
                crashAt, new RegistryChanges { QuarantinesPushes = !_state.QuarantinesPushes }, _state with { QuarantinesPushes = !_state.QuarantinesPushes }),
            ModelAction.Limit => LimitAsync(step),
            ModelAction.LiftLimits => LiftLimitsAsync(),
            ModelAction.KeepDeleted => SetAsync(
                crashAt, new RegistryChanges { SoftDelete = new(!_state.KeepsDeleted, null) }, _state with { KeepsDeleted = !_state.KeepsDeleted }),
            ModelAction.DeleteUntagged => SetAsync(
                crashAt, new RegistryChanges { Retention = new(!_state.DeletesUntagged, null) }, _state with { DeletesUntagged = !_state.DeletesUntagged }),
            ModelAction.WriteOnce => WriteOnceAsync(crashAt),
            ModelAction.Run => RunAsync(crashAt, RulesOf(step)),
            ModelAction.Sweep => SweepAsync(crashAt),
            ModelAction.Wait => WaitAsync(step),
            _ => Task.CompletedTask,
        };
    }

    private async Task<HttpStatusCode> SendAsync(string method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await _host.Client.SendAsync(request);
        return answer.StatusCode;
    }

    // One rule, or with it one that locks and comes first, or that alone.
    private static IReadOnlyList<ModelRule> RulesOf(ModelStep step)
    {
        var (rule, archive) = (ModelRule.All[step.C % ModelRule.All.Count], ModelRule.Archive[step.B % ModelRule.Archive.Count]);
        return (step.A % 6) switch
        {
            0 => [archive],
            1 => [archive, rule],
            _ => [rule],
        };
    }

    /// <summary>Restores what is left of a repository, one manifest after the other; what comes back with another is there by then.</summary>
    private async Task RestoreAsync(string name)
    {
        foreach (var digest in _state.Repositories[name].Manifests.Values.Where(manifest => manifest.DeletedAt is not null).Select(manifest => manifest.Artifact.Digest))
            await AskAsync(0, () => SendAsync("POST", $"/acr/v1/_deleted/{name}/_manifests/{digest}"), ClientActs.Restore(_state, name, digest, Now));
    }

    /// <summary>Pushes a manifest with its blobs.</summary>
    private async Task PushAsync(int crashAt, string name, Artifact artifact, string? tag)
    {
        _known[artifact.Digest] = artifact;
        var expected = ClientActs.Put(_state, name, artifact, tag, Now);

        // Nothing at all is pushed to what must not be written.
        if (_state.Repositories[name].Locks.HasFlag(Locks.Write) && artifact.Blobs.Count > 0) expected = (HttpStatusCode.Conflict, _state);
        var refused = await FindLackAsync(name, artifact);
        if (refused == Lack.OfManifest && expected.Status == HttpStatusCode.Created) expected = (HttpStatusCode.Forbidden, _state);
        if (refused == Lack.OfBlob && expected.Status != HttpStatusCode.Conflict) expected = (HttpStatusCode.Forbidden, _state);
        await AskAsync(
            crashAt,
            async () =>
            {
                foreach (var blob in artifact.Blobs)
                {
                    if (await PushBlobAsync(name, blob) is var pushed && pushed != HttpStatusCode.Created) return pushed;
                }

                return await _host.Client.PutManifestAsync(name, tag ?? artifact.Digest.ToString(), artifact.Bytes, artifact.MediaType);
            },
            expected,
            refused == Lack.OfBlob ? [HttpStatusCode.Forbidden] : []);
    }

    // With the password, which reads what the other repositories hold.
    private async Task<HttpStatusCode> PushBlobAsync(string name, byte[] blob)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v2/{name}/blobs/uploads/?digest={Artifact.DigestOf(blob)}") { Content = new ByteArrayContent(blob) };
        request.Headers.Authorization = AuthenticationHeaderValue.Parse(_host.Endpoint.PasswordHeader);
        using var answer = await _host.Client.SendAsync(request);
        return answer.StatusCode;
    }

    private Task PushIndexAsync(ModelStep step, RepositoryState repository, string? tag)
    {
        // Not what signs by its tag: what signs something may itself be needed by it then, and neither could ever go.
        var listable = repository.Live.Where(manifest => !repository.TagsOf(manifest.Artifact.Digest).Any(named => named.Key.EndsWith(".sig", StringComparison.Ordinal))).ToList();
        if (listable.Count == 0) return Task.CompletedTask;
        var children = new[] { listable[step.B % listable.Count], listable[step.C % listable.Count] }.Distinct().Select(manifest => manifest.Artifact).ToList();
        return PushAsync(step.CrashAt, repository.Name, Artifact.Index(children), tag);
    }

    /// <summary>Pushes a manifest alone. Its blobs are there as long as something in the repository names them; later they may be.</summary>
    private async Task PutAsync(int crashAt, string name, Artifact artifact, string? tag)
    {
        var expected = ClientActs.Put(_state, name, artifact, tag, Now);
        if (expected.Status == HttpStatusCode.Created && await LacksRoomForManifestAsync(name, artifact)) expected = (HttpStatusCode.Forbidden, _state);
        var named = _state.Repositories[name].Manifests.Values.SelectMany(manifest => manifest.Artifact.Blobs.Select(Artifact.DigestOf)).ToHashSet();
        await AskAsync(
            crashAt, () => _host.Client.PutManifestAsync(name, tag ?? artifact.Digest.ToString(), artifact.Bytes, artifact.MediaType), expected,
            artifact.Blobs.All(blob => named.Contains(Artifact.DigestOf(blob))) ? [] : [HttpStatusCode.BadRequest]);
    }

    private Task UntagAsync(ModelStep step, RepositoryState repository)
    {
        var tag = repository.Tags.Count == 0 ? Tags[0] : repository.Tags.Keys.ElementAt(step.C % repository.Tags.Count);
        return AskAsync(step.CrashAt, () => _host.Client.DeleteManifestAsync(repository.Name, tag), ClientActs.Untag(_state, repository.Name, tag, Now));
    }

    private Task LockAsync(ModelStep step, RepositoryState repository, Artifact? standing)
    {
        var (flag, locked) = Flags[step.C % Flags.Length];
        var isSet = step.C / Flags.Length % 2 == 0;
        Locks Changed(Locks locks) => isSet ? locks | locked : locks & ~locked;
        var (path, after) = step.Action switch
        {
            ModelAction.LockTag when repository.Tags.Count > 0 && repository.Tags.ElementAt(step.B % repository.Tags.Count) is var (name, tag) =>
                ($"/_tags/{name}", repository with { Tags = repository.Tags.SetItem(name, tag with { Locks = Changed(tag.Locks) }) }),
            ModelAction.LockManifest when standing is not null =>
                ($"/_manifests/{standing.Digest}", repository.With(repository.Manifests[standing.Digest] with { Locks = Changed(repository.Manifests[standing.Digest].Locks) })),
            ModelAction.LockRepository when standing is not null => ("", repository with { Locks = Changed(repository.Locks) }),
            _ => (null, repository),
        };
        if (path is null) return Task.CompletedTask;
        return AskAsync(
            step.CrashAt, () => SendAsync("PATCH", $"/acr/v1/{repository.Name}{path}", $$"""{"{{flag}}":{{(isSet ? "false" : "true")}}}"""), (HttpStatusCode.OK, _state.With(after)));
    }

    private async Task UnlockAsync()
    {
        var clear = new LockChanges(Locks.None, Locks.Delete | Locks.Write | Locks.List | Locks.Read);
        foreach (var repository in _state.Repositories.Values.Where(repository => repository.Live.Any()))
        {
            var name = RepositoryName.Parse(repository.Name);
            await Metadata.UpdateRepositoryAsync(1, name, new RepositoryChanges(clear), Caller.System, Token);
            foreach (var manifest in repository.Live) await Metadata.LockManifestAsync(1, name, manifest.Artifact.Digest, clear, Caller.System, Token);
            foreach (var tag in repository.Tags.Keys) await Metadata.LockTagAsync(1, name, Tag.Parse(tag), clear, Caller.System, Token);
            var unlocked = repository with { Locks = Locks.None };
            foreach (var manifest in repository.Live) unlocked = unlocked.With(manifest with { Locks = Locks.None });
            foreach (var (tag, named) in repository.Tags) unlocked = unlocked with { Tags = unlocked.Tags.SetItem(tag, named with { Locks = Locks.None }) };
            _state = _state.With(unlocked);
        }

        AssertSame(_state, await ObserveAsync());
    }

    private Task ReportAsync(ModelStep step, RepositoryState repository, Artifact used)
    {
        var workload = $"w{step.C % 3}";
        var seconds = 3_600 * (1 + (step.C % 50));
        var report = new Report(used.Digest, step.C % 2 == 0 ? repository.Name : null, Now.AddSeconds(seconds));
        var images = report.Repository is null ? $"\"digests\":[\"{used.Digest}\"]" : $"\"images\":[{{\"repository\":\"{report.Repository}\",\"digest\":\"{used.Digest}\"}}]";
        var body = $"{{{images},\"ttl\":{seconds.ToString(CultureInfo.InvariantCulture)}}}";
        var status = _state.Reports.ContainsKey(workload) ? HttpStatusCode.OK : HttpStatusCode.Created;
        return AskAsync(step.CrashAt, () => SendAsync("PUT", $"/berth/v1/workloads/{workload}", body), (status, _state with { Reports = _state.Reports.SetItem(workload, report) }));
    }

    private Task EndReportAsync(ModelStep step)
    {
        var workload = _state.Reports.Keys.ElementAt(step.C % _state.Reports.Count);
        return AskAsync(
            step.CrashAt, () => SendAsync("DELETE", $"/berth/v1/workloads/{workload}"), (HttpStatusCode.NoContent, _state with { Reports = _state.Reports.Remove(workload) }));
    }

    private Task QuarantineAsync(ModelStep step, Artifact artifact)
    {
        DateTimeOffset? until = step.C % 3 == 0 ? null : Now.AddHours(1 + step.C);
        var body = $$"""{"reason":"looked into","until":{{(until is { } end ? $"\"{end:O}\"" : "null")}}}""";
        return AskAsync(
            step.CrashAt, () => SendAsync("PUT", $"/berth/v1/quarantine/digests/{artifact.Digest}", body),
            (HttpStatusCode.OK, _state with { Quarantined = _state.Quarantined.SetItem(artifact.Digest, until ?? DateTimeOffset.MaxValue), Passed = _state.Passed.Remove(artifact.Digest) }));
    }

    // A kill would leave it open whether something was said, where that cannot be seen.
    private Task PassAsync(ModelStep step, string name, Artifact standing)
    {
        var repository = _state.Repositories[name];
        if ((repository.Locks | repository.Manifests[standing.Digest].Locks).HasFlag(Locks.Write)) return Task.CompletedTask;
        var isSeen = _state.Quarantined.TryGetValue(standing.Digest, out var until) && until > Now;
        return AskAsync(
            isSeen ? step.CrashAt : 0, () => SendAsync("PATCH", $"/acr/v1/{name}/_manifests/{standing.Digest}", """{"quarantineState":"Passed"}"""),
            (HttpStatusCode.OK, _state with { Quarantined = _state.Quarantined.Remove(standing.Digest), Passed = _state.Passed.Add(standing.Digest) }));
    }

    private Task QuarantineAsync(ModelStep step, RepositoryState repository)
    {
        var path = $"/berth/v1/quarantine/repositories/{repository.Name}";
        if (repository.IsQuarantined)
            return AskAsync(step.CrashAt, () => SendAsync("DELETE", path), (HttpStatusCode.NoContent, _state.With(repository with { IsQuarantined = false })));
        if (!repository.Live.Any()) return Task.CompletedTask;
        return AskAsync(step.CrashAt, () => SendAsync("PUT", path, """{"reason":"looked into"}"""), (HttpStatusCode.OK, _state.With(repository with { IsQuarantined = true })));
    }

    private Task ReleaseAsync(ModelStep step)
    {
        var (digest, until) = _state.Quarantined.ElementAt(step.B % _state.Quarantined.Count);
        return AskAsync(
            step.CrashAt, () => SendAsync("DELETE", $"/berth/v1/quarantine/digests/{digest}"),
            (until > Now ? HttpStatusCode.NoContent : HttpStatusCode.NotFound, _state with { Quarantined = _state.Quarantined.Remove(digest) }));
    }

    private Task SetAsync(int crashAt, RegistryChanges changes, RegistryState after) => AskAsync(
        crashAt,
        async () =>
        {
            await Metadata.UpdateRegistryAsync(1, changes, Caller.System, Token);
            return HttpStatusCode.OK;
        },
        (HttpStatusCode.OK, after));

    private Task WriteOnceAsync(int crashAt) => AskAsync(
        crashAt,
        () => _state.HasWriteOnce ? SendAsync("DELETE", "/berth/v1/tag-rules/releases") : SendAsync("PUT", "/berth/v1/tag-rules/releases", """{"repositories":"*","tags":"v*"}"""),
        (_state.HasWriteOnce ? HttpStatusCode.NoContent : HttpStatusCode.Created, _state with { HasWriteOnce = !_state.HasWriteOnce }));

    /// <summary>Runs rules, or goes on with the run that a crash left.</summary>
    private async Task RunAsync(int crashAt, IReadOnlyList<ModelRule> rules)
    {
        // A run wants to know that the clock did not step.
        await SweepAsync(0);
        var isOpen = _openRun is not null;
        _openRun ??= rules;
        var allowed = _state.Repositories.Values.ToDictionary(repository => repository.Name, repository => Allowance.OfRules(_state, repository, _openRun, Now, Grace, isPlanned: isOpen));
        var isWhole = await LetAsync(
            crashAt,
            async () =>
            {
                if (isOpen) await _host.Services.GetRequiredService<LifecycleSchedule>().RunDueAsync(Token);
                else Assert.Equal(HttpStatusCode.Created, await SendAsync("POST", $"{LifecycleRoute.Prefix}runs", $$"""{"rules":[{{string.Join(',', rules.Select(rule => rule.Json))}}]}"""));
            },
            repository => allowed[repository.Name]);

        // Where the clock is not trusted, as when a process begins after a longer time, it waits.
        if (await Metadata.FindOpenLifecyclePlanAsync(1, 0, Token) is not null) return;
        _openRun = null;
        if (!isWhole || isOpen) return;
        foreach (var (name, of) in allowed) AssertArchived(_state.Repositories[name], of);
    }

    // What archive-lock takes is locked when the run has come to its end, but for what another rule of the run deleted.
    private static void AssertArchived(RepositoryState repository, Allowance allowed)
    {
        foreach (var (name, tag) in repository.Tags.Where(tag => allowed.LockedTags.Contains(tag.Key)))
            Assert.True((tag.Locks & Allowance.AgainstDeletion) == Allowance.AgainstDeletion, $"{repository.Name}:{name} was to be locked, and is locked: {tag.Locks}");

        // Without a tag their time begins anew when what they belong to goes, and later where something put off their deletion.
        foreach (var manifest in repository.Live.Where(manifest => manifest.UntaggedSince is null && allowed.LockedManifests.Contains(manifest.Artifact.Digest)))
            Assert.True((manifest.Locks & Allowance.AgainstDeletion) == Allowance.AgainstDeletion, $"{repository.Name}@{manifest.Artifact.Digest} was to be locked, and is locked: {manifest.Locks}");
    }

    private Task<bool> SweepAsync(int crashAt) => LetAsync(
        crashAt, () => _host.Collector.SweepAsync(Token), repository => Allowance.OfUntagged(_state, repository, TimeSpan.FromDays(Days), Now, Grace));

    private Task WaitAsync(ModelStep step)
    {
        _time.Advance(TimeSpan.FromMinutes(7 + (step.C % 2 == 0 ? step.B : step.B * 60)));
        return Task.CompletedTask;
    }
}
