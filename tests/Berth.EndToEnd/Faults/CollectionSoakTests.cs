using System.Diagnostics;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Faults;

/// <summary>Garbage collection every second, under load: no client ever sees it.</summary>
public sealed class CollectionSoakTests(FastCollection fixture) : EndToEndTest<FastCollection>(fixture, onlyEmbedded: true)
{
    [Fact]
    public async Task Pushes_mounts_pulls_and_deletions_never_see_the_collection()
    {
        var length = TestRun.IsLong ? TimeSpan.FromMinutes(10) : TimeSpan.FromSeconds(15);
        var clock = Stopwatch.StartNew();
        var common = BlobContent.Layer(200_000);
        var images = 0;
        await Task.WhenAll(Enumerable.Range(0, 6).Select(worker => WorkAsync($"{Repo}/{worker % 3}", worker)));
        Assert.True(images > 10, $"only {images} images were pushed");

        async Task WorkAsync(string repository, int worker)
        {
            for (var n = 0; clock.Elapsed < length; n++)
            {
                // The promise of a 200 or 201 holds for at least half the grace; a client that was held up longer than that has none.
                var promise = Stopwatch.StartNew();
                if ((await Client.HeadAsync($"/v2/{repository}/blobs/{common.Digest}")).Expect(200, 404).Status == 404)
                {
                    var mounted = (await Client.PostAsync($"/v2/{repository}/blobs/uploads/?mount={common.Digest}")).Expect(201, 202);
                    if (mounted.Status == 202) (await Client.PutAsync(RegistryActions.With(mounted.Location, $"digest={common.Digest}"), common.Bytes)).Expect(201);
                }

                var config = await Client.PushAsync(repository, BlobContent.Config());
                var layer = await Client.PushAsync(repository, BlobContent.Layer(100_000));
                var image = ManifestContent.Image(config, [common, layer]);
                var put = await Client.PutManifestAsync(repository, image, $"w{worker}");
                if (put.Status == 400 && promise.Elapsed > FastCollection.Grace / 2) continue;
                put.Expect(201);
                Interlocked.Increment(ref images);

                foreach (var blob in (BlobContent[])[common, config, layer]) (await Client.GetAsync($"/v2/{repository}/blobs/{blob.Digest}")).Expect(200).ExpectBody(blob.Bytes);
                (await Client.GetManifestAsync(repository, $"w{worker}")).Expect(200).ExpectBody(image.Bytes);
                if (n % 2 == 0) (await Client.DeleteAsync($"/v2/{repository}/manifests/{image.Digest}")).Expect(202);
            }
        }
    }

    /// <summary>
    /// Images that share their layers come, run, age and go in every way there is, side by side: by rules, to where they can be restored, back from there, and for good.
    /// </summary>
    [Fact]
    public async Task Skopeo_never_sees_rules_soft_deletion_and_collection_and_what_runs_stays_whole()
    {
        using var control = await ControlClient.SignInAsync(Fixture.Endpoint.Address, Fixture.Endpoint.User, Fixture.Endpoint.Password);
        await KeepDeletedAsync(control, "enabled");
        var soak = new LifecycleSoak(Fixture, Client, Repo, NewFolder);
        await soak.RunAsync(TestRun.IsLong ? TimeSpan.FromMinutes(10) : TimeSpan.FromSeconds(25));
        await KeepDeletedAsync(control, "disabled");

        Assert.Equal(0, await Fixture.Server.StopAsync(TimeSpan.FromSeconds(40)));
        (await Tool.RunAsync(BuiltProgram.Server!, ["storage", "verify", "--data", Fixture.Server.Data], Fixture.Folder)).Succeeded();
        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(30));
        await soak.CheckWhatRunsAsync();
    }

    private static async Task KeepDeletedAsync(ControlClient control, string status) => await control.ArmAsync(
        "PATCH", control.Scope(), new { properties = new { policies = new { softDeletePolicy = new { status, retentionDays = 1 } } } });
}
