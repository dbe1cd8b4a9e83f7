using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Tests.Lifecycle.Model;

/// <summary>What quotas make of it. The sums are made here of what is there, blob by blob; only what uploads that a crash left have reserved is taken at its word.</summary>
internal sealed partial class LifecyclePlay
{
    /// <summary>The registry, among the names of repositories.</summary>
    private const string Whole = "";

    private readonly HashSet<string> _overSoftLimit = [];
    private readonly Dictionary<string, long> _held = [];
    private long _ledgerSeen;

    /// <summary>What a push finds no room for.</summary>
    private enum Lack
    {
        Nothing,
        OfBlob,
        OfManifest,
    }

    private async Task LimitAsync(ModelStep step)
    {
        var place = step.A % (Names.Length + 1) is var number && number < Names.Length ? Names[number] : Whole;
        var (bytes, _) = await ReadFiguresAsync(place);
        var (hard, soft) = (bytes + (step.B * 20), Math.Max(0, bytes + (step.B * 10) - 100));
        var limits = (step.C % 3) switch
        {
            0 => new QuotaLimits(hard, null),
            1 => new QuotaLimits(null, soft),
            _ => new QuotaLimits(hard, Math.Min(hard, soft)),
        };
        var path = place == Whole ? "/berth/v1/quotas" : $"/berth/v1/quotas/repositories/{place}";
        await AskAsync(
            step.CrashAt, () => SendAsync("PUT", path, $$"""{"limit":{{Text(limits.Hard)}},"softLimit":{{Text(limits.Soft)}}}"""),
            (HttpStatusCode.OK, _state with { Limits = _state.Limits.SetItem(place, limits) }));
    }

    private async Task LiftLimitsAsync()
    {
        foreach (var place in _state.Limits.Keys)
        {
            var path = place == Whole ? "/berth/v1/quotas" : $"/berth/v1/quotas/repositories/{place}";
            await AskAsync(0, () => SendAsync("DELETE", path), (HttpStatusCode.NoContent, _state with { Limits = _state.Limits.Remove(place) }));
        }
    }

    /// <summary>What a push of a manifest with its blobs finds no room for, in the order in which they come.</summary>
    private async Task<Lack> FindLackAsync(string name, Artifact artifact)
    {
        if (_state.Limits.Count == 0) return Lack.Nothing;
        var (repository, whole) = (await HoldsAsync(name), (await Task.WhenAll(Names.Select(HoldsAsync))).SelectMany(held => held).ToHashSet());

        // What is held only where nothing may be pulled needs its room once more, until it is there.
        var pulled = (await Task.WhenAll(Names.Where(other => !_state.Repositories[other].Locks.HasFlag(Locks.Read)).Select(HoldsAsync))).SelectMany(held => held).ToHashSet();
        var (added, addedToWhole) = (0L, 0L);
        foreach (var blob in artifact.Blobs)
        {
            var digest = Artifact.DigestOf(blob);
            var asked = addedToWhole + (repository.Contains(digest) || pulled.Contains(digest) ? 0 : blob.Length);
            if (repository.Add(digest)) added += blob.Length;
            if (whole.Add(digest)) addedToWhole += blob.Length;
            if (await LacksRoomAsync(name, added) || await LacksRoomAsync(Whole, asked)) return Lack.OfBlob;
        }

        return await LacksRoomForManifestAsync(name, artifact, added, addedToWhole) ? Lack.OfManifest : Lack.Nothing;
    }

    private async Task<bool> LacksRoomForManifestAsync(string name, Artifact artifact, long before = 0, long beforeInWhole = 0)
    {
        if (_state.Repositories[name].Manifests.ContainsKey(artifact.Digest)) return false;
        return await LacksRoomAsync(name, before + artifact.Bytes.Length) || await LacksRoomAsync(Whole, beforeInWhole + artifact.Bytes.Length);
    }

    // Where nothing is added nothing is refused, however much is held.
    private async Task<bool> LacksRoomAsync(string place, long added)
    {
        if (added == 0 || !_state.Limits.TryGetValue(place, out var limits) || limits.Hard is not { } hard) return false;
        var (_, reserved) = await ReadFiguresAsync(place);
        return await SumAsync(place) + reserved + added > hard;
    }

    private async Task<long> SumAsync(string place)
    {
        var names = place == Whole ? Names : [place];
        var blobs = (await Task.WhenAll(names.Select(HoldsAsync))).SelectMany(held => held).ToHashSet();
        return Artifact.AllBlobs.Where(blob => blobs.Contains(Artifact.DigestOf(blob))).Sum(blob => (long)blob.Length)
            + names.Sum(name => _state.Repositories[name].Manifests.Values.Sum(manifest => (long)manifest.Artifact.Bytes.Length));
    }

    /// <summary>The blobs that a repository holds, named or not.</summary>
    private async Task<HashSet<Digest>> HoldsAsync(string name)
    {
        var held = new HashSet<Digest>();
        foreach (var digest in Artifact.AllBlobs.Select(Artifact.DigestOf))
        {
            if (await Metadata.FindBlobAsync(1, RepositoryName.Parse(name), digest, Token) is not null) held.Add(digest);
        }

        return held;
    }

    /// <summary>No hard limit was exceeded by what came since the last look, and of each soft limit that was passed one record was made, and of no other.</summary>
    private async Task CheckLimitsAsync(List<string> findings)
    {
        var passed = new List<string>();
        while (await Metadata.ReadLedgerAsync(_ledgerSeen, 1_000, Token) is { Count: > 0 } page)
        {
            passed.AddRange(page.Where(record => record.Kind == LedgerKinds.SoftLimitPassed).Select(record => record.Repository ?? Whole));
            _ledgerSeen = page[^1].Number;
        }

        foreach (var place in Names.Append(Whole))
        {
            var figures = place == Whole ? await Metadata.ReadUsageAsync(1, Token) : (await Metadata.ReadRepositoryUsageAsync(1, RepositoryName.Parse(place), Token))?.Figures;
            var (bytes, reserved) = (figures?.Bytes ?? 0, figures?.Reserved ?? 0);
            if (await SumAsync(place) is var sum && sum != bytes) findings.Add($"'{place}' is said to hold {bytes}, and holds {sum}");

            var limits = _state.Limits.GetValueOrDefault(place);
            var before = _held.GetValueOrDefault(place);
            if (limits.Hard is { } hard && bytes + reserved > Math.Max(hard, before)) findings.Add($"'{place}' came to hold {bytes} and {reserved} reserved, which exceeds {limits}");
            _held[place] = bytes + reserved;

            var isOver = bytes > limits.Soft;
            var isPassed = isOver ? _overSoftLimit.Add(place) : _overSoftLimit.Remove(place) && false;
            if (passed.Count(name => name == place) is var records && records != (isPassed ? 1 : 0)) findings.Add($"That '{place}' with {bytes} passed its limit, {limits}, was recorded {records} times");
            if (isOver != figures?.SoftLimitPassedAt is not null) findings.Add($"'{place}' holds {bytes} of {limits}, which is said to be passed since {figures?.SoftLimitPassedAt}");
        }
    }

    private async Task<ImmutableSortedDictionary<string, QuotaLimits>> ReadLimitsAsync()
    {
        var limits = ImmutableSortedDictionary.CreateBuilder<string, QuotaLimits>(StringComparer.Ordinal);
        if ((await Metadata.ReadUsageAsync(1, Token))!.Limits is { IsAny: true } whole) limits[Whole] = whole;
        foreach (var repository in (await Metadata.ListLimitedRepositoriesAsync(1, null, 1_000, Token)).Items) limits[repository.Name] = repository.Figures.Limits;
        return limits.ToImmutable();
    }

    private async Task<(long Bytes, long Reserved)> ReadFiguresAsync(string place)
    {
        var figures = place == Whole ? await Metadata.ReadUsageAsync(1, Token) : (await Metadata.ReadRepositoryUsageAsync(1, RepositoryName.Parse(place), Token))?.Figures;
        return (figures?.Bytes ?? 0, figures?.Reserved ?? 0);
    }

    private static string Text(long? bytes) => bytes?.ToString(CultureInfo.InvariantCulture) ?? "null";
}
