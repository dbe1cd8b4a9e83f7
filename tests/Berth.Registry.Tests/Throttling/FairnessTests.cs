using System.Diagnostics;
using System.Net.Http.Headers;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Throttling;
using Berth.Testing;

namespace Berth.Registry.Tests.Throttling;

/// <summary>A registry that is asked for far more than its share, and its neighbour.</summary>
public sealed class FairnessTests(ITestOutputHelper output)
{
    private const int Attackers = 100;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_asks_a_registry_for_too_much_holds_up_its_neighbour_by_little(bool withBody)
    {
        // As the server has it on a machine of this size, and as it would be without turns.
        var fair = await MeasureAsync(Environment.ProcessorCount, 100, withBody);
        var unfair = await MeasureAsync(100_000, 10, withBody);
        Assert.True(P(fair, 0.5) < P(unfair, 0.5) / 2, $"with turns {P(fair, 0.5)}, without {P(unfair, 0.5)}");
        Assert.True(P(fair, 0.99) < TimeSpan.FromSeconds(1), $"the slowest of a hundred took {P(fair, 0.99)}");
    }

    private async Task<List<TimeSpan>> MeasureAsync(int reads, int times, bool withBody)
    {
        await using var host = await RegistryHost.StartAsync(options: new RegistryOptions { Admission = new AdmissionOptions { Reads = reads } });
        await host.Metadata.CreateRegistryAsync(new NewRegistry("neighbour", "subscription", "default", "test", "Premium"), Caller.System, CancellationToken.None);
        using var client = new RegistryClient(host.Endpoint);
        var image = await client.PushImageAsync("team/app");
        for (var i = 0; i < 20; i++)
        {
            var tags = string.Join('&', Enumerable.Range(i * 50, 50).Select(tag => $"tag=tag-{tag}"));
            (await client.SendAsync("PUT", $"/v2/team/app/manifests/{image.Digest}?{tags}", image.Bytes, ("Content-Type", Types.Manifest))).Expect(201);
        }

        var alone = await AskAsync(host, 100);
        using var end = new CancellationTokenSource();
        var attack = Enumerable.Range(0, Attackers).Select(_ => FloodAsync(host, withBody, end.Token)).ToArray();
        await Task.Delay(500);
        var attacked = await AskAsync(host, times);
        await end.CancelAsync();
        var served = (await Task.WhenAll(attack)).Sum();
        output.WriteLine($"{reads}: alone p50 {P(alone, 0.5)}, p99 {P(alone, 0.99)}; attacked p50 {P(attacked, 0.5)}, p99 {P(attacked, 0.99)}; {served} lists for the attackers");
        Assert.True(served > 100, $"the attackers were served {served} times");
        return attacked;
    }

    private static TimeSpan P(List<TimeSpan> times, double part) => times.Order().ElementAt((int)(part * (times.Count - 1)));

    private static async Task<List<TimeSpan>> AskAsync(RegistryHost host, int count)
    {
        using var client = host.ClientOf("owner", RegistryHost.Password);
        var times = new List<TimeSpan>();
        for (var i = 0; i < count + 5; i++)
        {
            var clock = Stopwatch.StartNew();
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/team/app/manifests/absent") { Headers = { Host = "neighbour.berth.localhost" } };
            using var answer = await client.SendAsync(request);
            Assert.Equal(404, (int)answer.StatusCode);
            if (i >= 5) times.Add(clock.Elapsed);
        }

        return times;
    }

    private static async Task<int> FloodAsync(RegistryHost host, bool withBody, CancellationToken cancellationToken)
    {
        using var client = host.WithoutCredential();
        client.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(host.Endpoint.PasswordHeader);
        var served = 0;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                // A byte that nobody reads puts no turn off.
                using var request = new HttpRequestMessage(HttpMethod.Get, "/acr/v1/team/app/_tags?n=1000") { Content = withBody ? new ByteArrayContent([1]) : null };
                using var answer = await client.SendAsync(request, cancellationToken);
                if (answer.IsSuccessStatusCode) served++;
            }
        }
        catch (OperationCanceledException)
        {
            // The test has seen enough.
        }

        return served;
    }
}
