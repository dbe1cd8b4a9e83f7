using System.Globalization;
using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Servers;

namespace Berth.Bench.Figures;

/// <summary>Garbage collection: what a blob costs as there are more of them at once, and what pushes and pulls notice of it.</summary>
internal sealed class GarbageFigures(Contest contest, string folder, string launcher)
{
    private const int Clients = 8;
    private const int BlobsOfImage = 1_000;
    private const string Garbage = "garbage/app";
    private const string Repository = "garbage/beside";

    // Blobs without a manifest are due soon, and a round begins soon after it may.
    private static readonly Dictionary<string, string> Settings = new() { ["BERTH_Lifecycle__Grace"] = "00:00:01", ["BERTH_Lifecycle__Interval"] = "00:00:01" };
    private static readonly TimeSpan UntilDue = TimeSpan.FromSeconds(1.5);

    private readonly List<SmallContent> _manifests = SmallContent.Manifests(16, contest.Config, contest.Layers[0]);
    private readonly Queue<string> _images = [];

    private int SmallRounds => contest.Options.Quick ? 1 : 3;

    private int ImagesAtOnce => contest.Options.Quick ? 20 : 100;

    private int ImagesBeside => contest.Options.Quick ? 20 : 80;

    private int LoadRounds => contest.Options.Quick ? 1 : 3;

    /// <summary>1 000 and 100 000 blobs at once, and requests beside it.</summary>
    public async Task OfBlobsAsync()
    {
        using var berth = new BerthServer(launcher, Path.Combine(folder, "garbage"), Settings);
        var images = 1 + (2 * SmallRounds) + ImagesAtOnce + ImagesBeside;
        Progress.Say(string.Create(CultureInfo.InvariantCulture, $"  seeding {images * BlobsOfImage:N0} blobs"));
        await Preparation.SeedAsync(
            berth,
            async rows =>
            {
                for (var i = 0; i < images; i++) _images.Enqueue(await rows.AddImageOfBlobsAsync(Garbage, BlobsOfImage, contest.CancellationToken));
            },
            contest.CancellationToken);
        Native.FlushDisks();

        using var calls = new BerthTokens(berth);
        var garbage = new BerthGarbage(calls, contest.CancellationToken);
        Cost(berth, calls, garbage);
        Beside(berth, calls, garbage);
    }

    private void Cost(BerthServer berth, BerthTokens calls, BerthGarbage garbage)
    {
        Collect(berth, calls, garbage, 1);

        // Before the many and after them: what has run for longer runs faster.
        List<(double Wall, double Cpu)> few = [.. Enumerable.Range(0, SmallRounds).Select(_ => Collect(berth, calls, garbage, 1))];
        var many = Collect(berth, calls, garbage, ImagesAtOnce);
        few.AddRange(Enumerable.Range(0, SmallRounds).Select(_ => Collect(berth, calls, garbage, 1)));

        var name = $"garbage collection of {Text(ImagesAtOnce * BlobsOfImage)} blobs, beside {Text(BlobsOfImage)} at once";
        Add(name, "µs/blob", many.Wall, Contest.Median(few.Select(round => round.Wall)), Target.AtMost(1.5), [many.Wall]);
        Add($"{name}, CPU", "µs/blob", many.Cpu, few.Average(round => round.Cpu), null, [many.Cpu]);
    }

    /// <summary>Has images deleted, and garbage collection take what they held.</summary>
    /// <returns>Microseconds for each blob.</returns>
    private (double Wall, double Cpu) Collect(BerthServer berth, BerthTokens calls, BerthGarbage garbage, int images)
    {
        Release(calls, garbage, images);
        var blobs = images * BlobsOfImage;
        var meter = new Meter(berth.Process);
        var took = garbage.Remove(blobs);
        return (took.TotalMicroseconds / blobs, meter.Stop().Server.TotalMicroseconds / blobs);
    }

    /// <summary>Has images deleted while garbage collection is paused, and waits until what they held is due.</summary>
    private void Release(BerthTokens calls, BerthGarbage garbage, int images)
    {
        garbage.Pause();
        for (var i = 0; i < images; i++) calls.Ask(HttpMethod.Delete, $"/v2/{Garbage}/manifests/{_images.Dequeue()}").Dispose();
        Thread.Sleep(UntilDue);
        Native.FlushDisks();
    }

    private void Beside(BerthServer berth, BerthTokens calls, BerthGarbage garbage)
    {
        contest.Prepare(berth, Repository, [contest.Config, contest.Layers[0]], _manifests, "t");
        Release(calls, garbage, ImagesBeside);
        _ = (Pull(berth), Push(berth));
        var samples = contest.Alternate<(RateSample Pull, RateSample Push)>(
            LoadRounds,
            _ => (Pull(berth), Push(berth)),
            _ =>
            {
                garbage.Resume();
                var taken = (Pull(berth), Push(berth));
                if (!garbage.IsRunning) contest.Results.Remarks.Add("Garbage collection had nothing left to do before the load beside it ended: its figures are too good.");
                garbage.Pause();
                return taken;
            });

        Report("manifest GET by tag", [.. samples[1].Select(both => both.Pull)], [.. samples[0].Select(both => both.Pull)]);
        Report("blob push, 4 KiB", [.. samples[1].Select(both => both.Push)], [.. samples[0].Select(both => both.Push)]);
    }

    private RateSample Pull(BerthServer berth) => contest.Run(
        berth, Clients,
        RateFigures.ManifestReads(berth.Requests, Repository, [.. Enumerable.Range(0, _manifests.Count).Select(i => $"t{i}")], _manifests[0].Bytes.Length),
        contest.Options.RateDuration / 1.5);

    // More blobs than can be pushed in the time.
    private RateSample Push(BerthServer berth) => contest.Run(
        berth, Clients, new BlobPushWorkload(berth.Requests, Repository, SmallContent.Blobs(8_000, 4096)), contest.Options.RateDuration);

    private void Report(string operation, IReadOnlyList<RateSample> during, IReadOnlyList<RateSample> idle)
    {
        var name = $"{operation} during garbage collection, beside none, {Clients} clients";
        Add($"{name}, p99", "ms", P99(during), P99(idle), Target.AtMost(1.5), [.. during.Select(one => one.Load.Latencies.Percentile(0.99))]);
        var rates = during.Select(one => one.Load.Rate).ToList();
        Add(name, "operations/s", Contest.Median(rates), Contest.Median(idle.Select(one => one.Load.Rate)), null, rates);
    }

    // Of all rounds together: one begins with the rows, another is at the files.
    private static double P99(IReadOnlyList<RateSample> samples)
    {
        var all = new Histogram();
        foreach (var sample in samples) all.Add(sample.Load.Latencies);
        return all.Percentile(0.99);
    }

    private static string Text(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private void Add(string name, string unit, double berth, double reference, Target? target, IReadOnlyList<double> runs) => contest.Add(new Figure
    {
        Name = name,
        Unit = unit,
        Berth = berth,
        Reference = reference,
        Target = target,
        BerthRuns = runs,
    });
}
