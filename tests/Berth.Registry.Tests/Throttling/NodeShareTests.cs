using Berth.Registry.Throttling;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Registry.Tests.Throttling;

/// <summary>
/// Processes that serve the same registries and share a limit by what is asked of each, told one another once a second: together they stay within a tenth of it,
/// wherever the requests come in.
/// </summary>
public sealed class NodeShareTests
{
    private const int PerMinute = 6_000;
    private const int StepsPerSecond = 20;

    private static readonly LimitKey Key = new(LimitClass.Read, 1);

    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Together_they_hold_the_limit_when_all_are_asked_alike(int nodes) => Hold(nodes, (node, _) => 5.0 / nodes);

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    public void Together_they_hold_it_when_one_is_asked_for_nearly_everything(int nodes) => Hold(nodes, (node, _) => node == 0 ? 5 : 0.01);

    [Fact]
    public void Together_they_hold_it_when_all_requests_come_in_at_one() => Hold(4, (node, _) => node == 2 ? 3 : 0);

    [Fact]
    public void Together_they_hold_it_when_the_requests_move_on_every_minute() => Hold(3, (node, minute) => node == minute % 3 ? 4 : 0.1);

    // How much is asked for in a step: the given part of the limit, of each node, by the minute.
    private void Hold(int nodes, Func<int, int, double> load)
    {
        var shares = Enumerable.Range(0, nodes).Select(_ => new DemandShare(1.0 / nodes)).ToArray();
        var buckets = shares.Select(share => new TokenBuckets(share, _time, 100)).ToArray();
        var owed = new double[nodes];
        for (var minute = 0; minute < 6; minute++)
        {
            var served = 0;
            for (var step = 0; step < 60 * StepsPerSecond; step++)
            {
                for (var node = 0; node < nodes; node++)
                {
                    owed[node] += load(node, minute) * PerMinute / 60 / StepsPerSecond;
                    for (; owed[node] >= 1; owed[node]--)
                    {
                        if (buckets[node].Take(Key, PerMinute).Wait == TimeSpan.Zero) served++;
                    }
                }

                if (step % StepsPerSecond == 0) Tell(shares);
                _time.Advance(TimeSpan.FromSeconds(1.0 / StepsPerSecond));
            }

            // Within the first minute what the buckets hold comes on top: a minute's worth, of the shares as they are then.
            Assert.InRange(served, PerMinute * 0.9, PerMinute * (minute > 0 ? 1.1 : 2.1));
        }
    }

    // What a table of the nodes would do: a twentieth is shared evenly, so that whoever is asked next can serve at once, the rest by what was asked for.
    private static void Tell(DemandShare[] shares)
    {
        var asked = shares.Select(share => share.TakeAsked()).ToArray();
        var sum = asked.Sum();
        for (var node = 0; node < shares.Length; node++)
            shares[node].Part = (0.05 / shares.Length) + (0.95 * (sum == 0 ? 1.0 / shares.Length : asked[node] / sum));
    }

    private sealed class DemandShare(double part) : INodeShare
    {
        private double _asked;

        public double Part { get; set; } = part;

        public double Of(in LimitKey key)
        {
            _asked++;
            return Part;
        }

        public double TakeAsked()
        {
            var asked = _asked;
            _asked = 0;
            return asked;
        }
    }
}
