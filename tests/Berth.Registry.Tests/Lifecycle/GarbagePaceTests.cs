using System.Net;
using System.Text;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Hosting;
using Berth.Storage.FileSystem;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>How fast garbage collection goes: beside clients that ask for much, on a full volume, and beside a backup.</summary>
public sealed class GarbagePaceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pace_makes_a_batch_wait_for_its_turn()
    {
        await using var host = await RegistryHost.StartAsync(options: new RegistryOptions { Lifecycle = new LifecycleOptions { BatchesPerSecond = 0.5 } });
        var pace = host.Services.GetRequiredService<GarbagePace>();
        Assert.True(await pace.MayGoOnAsync(CancellationToken.None));

        var second = pace.MayGoOnAsync(CancellationToken.None);
        host.Time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(second.IsCompleted);
        host.Time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True(await second);
    }

    [Fact]
    public async Task A_batch_waits_a_hundred_times_as_long_as_the_one_before_it_took_while_much_is_asked_for()
    {
        await using var host = await RegistryHost.StartAsync();
        var pace = host.Services.GetRequiredService<GarbagePace>();
        Assert.True(await pace.MayBeginAsync(CancellationToken.None));
        host.Time.Advance(TimeSpan.FromMilliseconds(5));
        Assert.True(await pace.MayGoOnAsync(CancellationToken.None));

        // 60 requests in a tenth of a second.
        for (var i = 0; i < 60; i++) (await host.Client.GetAsync(new Uri("/v2/", UriKind.Relative))).Dispose();
        host.Time.Advance(TimeSpan.FromMilliseconds(100));
        var second = pace.MayGoOnAsync(CancellationToken.None);
        host.Time.Advance(TimeSpan.FromMilliseconds(990));
        Assert.False(second.IsCompleted);
        host.Time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.True(await second);

        // A new round does not pay for what was before it.
        host.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await pace.MayBeginAsync(CancellationToken.None));
        Assert.True(await pace.MayGoOnAsync(CancellationToken.None));
    }

    [Fact]
    public async Task It_does_not_rest_while_a_push_lacks_room_however_much_is_asked_for()
    {
        await using var host = await RegistryHost.StartAsync();
        var pace = host.Services.GetRequiredService<GarbagePace>();
        Assert.True(await pace.MayBeginAsync(Token));
        await host.Files.Reserve.ReleaseAsync("the test says so", Token);

        await AskForMuchAsync(host);
        await pace.MayGoOnAsync(Token).WaitAsync(TimeSpan.FromSeconds(5), Token);
        Assert.Equal(HttpStatusCode.InsufficientStorage, await PushAsync(host, "refused"));

        // The reserve is held again, and what is left beside it may still be too little: for a minute after the last push that was refused.
        Assert.True(await host.Files.TryTakeReserveBackAsync(Token));
        await AskForMuchAsync(host);
        await pace.MayGoOnAsync(Token).WaitAsync(TimeSpan.FromSeconds(5), Token);
        host.Time.Advance(TimeSpan.FromMinutes(1));
        await pace.MayGoOnAsync(Token).WaitAsync(TimeSpan.FromSeconds(5), Token);

        await AskForMuchAsync(host);
        var rests = pace.MayGoOnAsync(Token);
        Assert.False(rests.IsCompleted);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await rests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_push_that_a_full_volume_refuses_is_no_traffic(bool isChunked)
    {
        await using var host = await RegistryHost.StartAsync();
        var traffic = host.Services.GetRequiredService<Traffic>();
        await AskForMuchAsync(host);
        await host.Files.Reserve.ReleaseAsync("the test says so", Token);
        var (served, lacking) = (traffic.Served, traffic.LackingRoom);

        for (var i = 0; i < 5; i++) Assert.Equal(HttpStatusCode.InsufficientStorage, await PushAsync(host, new string('x', 1_000), isChunked));
        Assert.Equal((served, lacking + 5), (traffic.Served, traffic.LackingRoom));
    }

    [Fact]
    public async Task A_full_volume_takes_pushes_again_before_all_that_is_due_is_removed()
    {
        var steps = new Steps();
        await using var host = await RegistryHost.StartAsync(steps);
        for (var i = 0; i < 300; i++) await DiscardedBytes.MakeAsync(host);
        await host.Files.Reserve.ReleaseAsync("the test says so", Token);
        var pushes = new List<HttpStatusCode>();
        steps.At["gc.before-delete"] = async removals =>
        {
            // Of the first batch and the second. A rest that is due would last until somebody moved the clock.
            if (removals is 1 or 8) pushes.Add(await PushAsync(host, $"at {removals}"));
            AskForMuch(host);
        };

        await host.Collector.SweepAsync(Token).WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.Equal([HttpStatusCode.InsufficientStorage, HttpStatusCode.Created], pushes);
        Assert.Empty(await DiscardedBytes.DueAsync(host));
    }

    [Fact]
    public async Task Bytes_go_before_all_is_looked_at_while_room_is_wanted()
    {
        var steps = new Steps();
        await using var host = await RegistryHost.StartAsync(steps);
        await host.Collector.SweepAsync(Token);
        for (var i = 0; i < 420; i++) await host.Client.PushBlobAsync("app", [(byte)i, (byte)(i >> 8), 7]);
        host.Time.Advance(2 * host.Grace);
        await host.Files.Reserve.ReleaseAsync("the test says so", Token);
        var (reviewed, isFull) = (0, true);
        steps.At["gc.before-review"] = times =>
        {
            (reviewed, isFull) = (times, !host.Files.Reserve.IsHeld);
            return Task.CompletedTask;
        };

        await host.Collector.SweepAsync(Token).WaitAsync(TimeSpan.FromSeconds(60), Token);
        Assert.False(isFull, $"room came after all {reviewed} reviews");
        Assert.True(reviewed > 40, $"{reviewed} reviews");
    }

    [Fact]
    public async Task A_backup_that_begins_while_it_rests_does_not_wait_for_it()
    {
        var steps = new Steps();
        await using var host = await RegistryHost.StartAsync(steps);
        for (var i = 0; i < 40; i++) await DiscardedBytes.MakeAsync(host, "bytes");
        steps.At["gc.before-delete"] = _ =>
        {
            AskForMuch(host);
            return Task.CompletedTask;
        };

        var sweep = host.Collector.SweepAsync(Token);
        for (var tries = 0; DiscardedBytes.StandingIn(host) > 8 && tries < 1_000; tries++) await Task.Delay(20, Token);
        using (await BackupHold.TakeAsync(host.Folder, _ => false, TimeProvider.System, Token).WaitAsync(TimeSpan.FromSeconds(20), Token))
        {
            Assert.False(sweep.IsCompleted);
            Assert.Equal(8, DiscardedBytes.StandingIn(host));
            host.Time.Advance(TimeSpan.FromSeconds(1));
            await sweep.WaitAsync(TimeSpan.FromSeconds(20), Token);

            // What was removed before the hold is forgotten, and what was left is kept for as long as it lasts.
            Assert.Equal((8, 8), (DiscardedBytes.StandingIn(host), (await DiscardedBytes.DueAsync(host)).Count));
            await host.Collector.SweepAsync(Token).WaitAsync(TimeSpan.FromSeconds(20), Token);
            Assert.Equal((8, 8), (DiscardedBytes.StandingIn(host), (await DiscardedBytes.DueAsync(host)).Count));
        }

        await host.Collector.SweepAsync(Token).WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.Equal((0, 0), (DiscardedBytes.StandingIn(host), (await DiscardedBytes.DueAsync(host)).Count));
    }

    [Theory]
    [InlineData(1, 68)]
    [InlineData(2, 36)]
    [InlineData(4, 0)]
    public async Task A_backup_that_begins_amid_removals_waits_for_those_at_work_and_for_no_more(int removals, int left)
    {
        var steps = new Steps();
        await using var host = await RegistryHost.StartAsync(steps);
        for (var i = 0; i < 100; i++) await DiscardedBytes.MakeAsync(host, "bytes");
        Task<BackupHold>? backup = null;
        var (isHeldEarly, seen) = (false, -1);
        steps.At["gc.before-delete"] = times =>
        {
            if (times != removals) return Task.CompletedTask;
            backup = TakeAsync();
            isHeldEarly = backup.IsCompleted;
            return Task.CompletedTask;

            async Task<BackupHold> TakeAsync()
            {
                var hold = await BackupHold.TakeAsync(host.Folder, _ => false, TimeProvider.System, Token);
                seen = DiscardedBytes.StandingIn(host);
                return hold;
            }
        };

        // The removals that follow give way only to a hold that is there: whether the next few or the backup come first is for the scheduler to say.
        await host.Collector.SweepAsync(Token).WaitAsync(TimeSpan.FromSeconds(20), Token);
        using var hold = await backup!.WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.False(isHeldEarly);
        Assert.InRange(seen, 0, left);
        await host.Collector.SweepAsync(Token).WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.Equal(seen, DiscardedBytes.StandingIn(host));
    }

    // So much, in so short a time, that what comes next is put off if anything is.
    private static void AskForMuch(RegistryHost host)
    {
        var traffic = host.Services.GetRequiredService<Traffic>();
        for (var i = 0; i < 100; i++) traffic.Answered(200);
        host.Time.Advance(TimeSpan.FromMilliseconds(100));
    }

    private static async Task AskForMuchAsync(RegistryHost host)
    {
        for (var i = 0; i < 60; i++) (await host.Client.GetAsync(new Uri("/v2/", UriKind.Relative), Token)).Dispose();
        host.Time.Advance(TimeSpan.FromMilliseconds(100));
    }

    private static async Task<HttpStatusCode> PushAsync(RegistryHost host, string text, bool isChunked = false)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        using var content = new ByteArrayContent(bytes);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"/v2/app/blobs/uploads/?digest={Digest.Compute(DigestAlgorithm.Sha256, bytes)}", UriKind.Relative)) { Content = content };
        request.Headers.TransferEncodingChunked = isChunked;
        using var response = await host.Client.SendAsync(request, Token);
        return response.StatusCode;
    }

    /// <summary>Does something as a step is reached, and says for which time.</summary>
    private sealed class Steps : ISteps
    {
        private readonly Dictionary<string, int> _reached = [];

        public Dictionary<string, Func<int, Task>> At { get; } = [];

        public async ValueTask ReachAsync(string point)
        {
            if (!At.TryGetValue(point, out var act)) return;
            await act(_reached[point] = _reached.GetValueOrDefault(point) + 1);
        }
    }
}
