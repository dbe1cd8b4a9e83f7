using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Distribution;

/// <summary>
/// Pulls and pushes of each registry, as Azure Container Registry counts them, under the meter <c>Berth.Registry</c>. A pull is a manifest that was asked for with GET, a push
/// one that was sent; a request that got its challenge is neither. Of registries the first hundred have a series each: there may be any number of them.
/// </summary>
public sealed class PullMetrics : IDisposable
{
    private const int MostRegistries = 100;
    private const string Others = "(others)";

    private readonly ConcurrentDictionary<string, string> _named = new(StringComparer.Ordinal);
    private readonly Meter _meter;
    private readonly Counter<long> _pulls;
    private readonly Counter<long> _pushes;
    private readonly Counter<long> _failed;
    private readonly RecentCounts _recentPulls;
    private readonly RecentCounts _recentPushes;

    /// <summary>Makes the instruments.</summary>
    public PullMetrics(IMeterFactory factory, TimeProvider time)
    {
        (_recentPulls, _recentPushes) = (new RecentCounts(time), new RecentCounts(time));
        _meter = factory.Create(DistributionMetrics.MeterName);
        _pulls = _meter.CreateCounter<long>(
            "berth.pulls", "{pull}", "Pulls: manifests asked for with GET, by registry (the first 100) and outcome (`succeeded`, `failed`). Azure's TotalPullCount and SuccessfulPullCount.");
        _pushes = _meter.CreateCounter<long>(
            "berth.pushes", "{push}", "Pushes: manifests sent, by registry (the first 100) and outcome (`succeeded`, `failed`). Azure's TotalPushCount and SuccessfulPushCount.");
        _failed = _meter.CreateCounter<long>("berth.request.failed", "{request}", "Requests to the data plane that were answered with an error, by route and reason (the error's code).");
        Recent("berth.repository.pulls.recent", _recentPulls, "{pull}", "Pulls of the last five to ten minutes that succeeded, of the 20 repositories with the most.");
        Recent("berth.repository.pushes.recent", _recentPushes, "{push}", "Pushes of the last five to ten minutes that succeeded, of the 20 repositories with the most.");

        void Recent(string name, RecentCounts counts, string unit, string description) => _meter.CreateObservableGauge(
            name,
            () => counts.Top().Select(one => new Measurement<long>(
                one.Count, new KeyValuePair<string, object?>("registry", one.Registry), new KeyValuePair<string, object?>("repository", one.Repository.Value))),
            unit, description);
    }

    internal void PullAnswered(RegistryRecord registry, RepositoryName repository, bool succeeded) => Answered(_pulls, _recentPulls, registry, repository, succeeded);

    internal void PushAnswered(RegistryRecord registry, RepositoryName repository, bool succeeded) => Answered(_pushes, _recentPushes, registry, repository, succeeded);

    internal void Failed(string route, string reason) =>
        _failed.Add(1, new KeyValuePair<string, object?>("route", route), new KeyValuePair<string, object?>("reason", reason));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void Answered(Counter<long> counter, RecentCounts recent, RegistryRecord registry, RepositoryName repository, bool succeeded)
    {
        var name = NameOf(registry.Name);
        counter.Add(1, new KeyValuePair<string, object?>("registry", name), new KeyValuePair<string, object?>("outcome", succeeded ? "succeeded" : "failed"));
        if (succeeded) recent.Add(registry.Name, repository);
    }

    private string NameOf(string registry)
    {
        if (_named.TryGetValue(registry, out var known)) return known;
        return _named.Count < MostRegistries ? _named.GetOrAdd(registry, registry) : Others;
    }
}
