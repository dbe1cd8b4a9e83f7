using System.Security.Cryptography;
using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Servers;

namespace Berth.Bench.Figures;

/// <summary>What access control costs Berth: reads with a credential beside anonymous ones, and a token's issuing beside the signature in it.</summary>
internal sealed class AccessFigures(Contest contest)
{
    private const int Clients = 32;
    private const string Repository = "bench/open";

    private readonly List<SmallContent> _manifests = SmallContent.Manifests(16, contest.Config, contest.Layers[0]);

    /// <summary>The same manifests of a repository from which anybody may pull: without a credential, with a token, with a password.</summary>
    public void Reads()
    {
        var berth = contest.Berth;
        contest.Prepare(berth, Repository, [contest.Config, contest.Layers[0]], _manifests, "t");
        using var tokens = new BerthTokens(berth);
        tokens.OpenToAnybody(Repository);
        var target = berth.Requests.Target;
        RequestWriter[] writers =
        [
            new(target, null), new(target, "Bearer " + tokens.AccessToken($"repository:{Repository}:pull")), new(target, berth.Requests.Authorization),
        ];

        foreach (var writer in writers) Read(writer);
        var samples = contest.Alternate<RateSample>(contest.Options.RateRounds, [.. writers.Select<RequestWriter, Func<int, RateSample>>(writer => _ => Read(writer))]);
        Report("without a credential", samples[0], samples[0], null);
        Report("with a token", samples[1], samples[0], Target.AtMost(1.3));
        Report("with a password", samples[2], samples[0], Target.AtMost(1.3));
    }

    /// <summary>Tokens for a refresh token and for a password that was seen before, beside one RSA signature.</summary>
    public void Tokens()
    {
        var berth = contest.Berth;
        using var tokens = new BerthTokens(berth);
        var body = $"grant_type=refresh_token&service={tokens.Service}&scope=repository:{Repository}:pull,push&refresh_token={tokens.RefreshToken()}";
        var refresh = berth.Requests.Format(
            new byte[16 * 1024], "POST", "/oauth2/token", "Content-Type: application/x-www-form-urlencoded\r\n", System.Text.Encoding.ASCII.GetBytes(body)).ToArray();
        var password = berth.Requests.Format("GET", $"/oauth2/token?service={tokens.Service}&scope=repository:{Repository}:pull,push");

        Issue(refresh);
        var samples = contest.Alternate<double>(
            contest.Options.RateRounds, _ => SignatureMicroseconds(), _ => Issue(refresh), _ => Issue(password));
        Add("RS256 signature, 2,048 bits, CPU", "µs", samples[0], samples[0], null);
        Add("access token for a refresh token, CPU", "µs/request", samples[1], samples[0], Target.AtMost(2));
        Add("access token for a known password, CPU", "µs/request", samples[2], samples[0], Target.AtMost(2));
    }

    private RateSample Read(RequestWriter writer) => contest.Run(
        contest.Berth, Clients,
        RateFigures.ManifestReads(writer, Repository, [.. Enumerable.Range(0, _manifests.Count).Select(i => $"t{i}")], _manifests[0].Bytes.Length),
        contest.Options.RateDuration);

    private double Issue(byte[] request) =>
        contest.Run(contest.Berth, Clients, new ReadWorkload([request], 200, null), contest.Options.RateDuration).CpuMicroseconds;

    // On one thread, in this process: what the platform needs for it, with nothing around it.
    private static double SignatureMicroseconds()
    {
        using var key = RSA.Create(2048);
        var data = new byte[600];
        var signature = new byte[256];
        const int Count = 1000;
        for (var i = 0; i < 50; i++) key.TrySignData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1, out _);
        var before = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < Count; i++) key.TrySignData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1, out _);
        return (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / Count;
    }

    private void Report(string how, List<RateSample> samples, List<RateSample> anonymous, Target? target)
    {
        Add($"manifest GET {how}", "µs/request", [.. samples.Select(Wall)], [.. anonymous.Select(Wall)], target);
        Add($"manifest GET {how}, CPU", "µs/request", [.. samples.Select(s => s.CpuMicroseconds)], [.. anonymous.Select(s => s.CpuMicroseconds)], target);
    }

    private static double Wall(RateSample sample) => 1e6 / sample.Load.Rate;

    private void Add(string name, string unit, List<double> berth, List<double> reference, Target? target) => contest.Add(new Figure
    {
        Name = name,
        Unit = unit,
        Berth = Contest.Median(berth),
        Reference = target is null ? null : Contest.Median(reference),
        Target = target,
        BerthRuns = berth,
    });
}
