using System.Net;
using System.Text;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Interleavings;

/// <summary>Every order of two clients that give a write-once tag its first manifest, or of one that gives it another and one that takes it away.</summary>
public sealed class WriteOnceInterleavingTests
{
    private static readonly int Limit = Environment.GetEnvironmentVariable("BERTH_LONG") == "1" ? 2_000 : 40;

    private readonly StepScheduler _scheduler = new();
    private int _ground;

    [Fact]
    public async Task Of_two_first_pushes_of_different_images_exactly_one_wins_and_the_other_is_told_which()
    {
        await using var host = await StartAsync();
        var (repository, one, two) = ("", Array.Empty<byte>(), Array.Empty<byte>());
        var (first, second) = (default(HttpStatusCode), default(HttpStatusCode));

        await PlayAllAsync(
            host,
            async () =>
            {
                (repository, one, two) = await NewGroundAsync(host);
                return new()
                {
                    ["first"] = async () => first = await host.Client.PutManifestAsync(repository, "v1", one, actor: "first"),
                    ["second"] = async () => second = await host.Client.PutManifestAsync(repository, $"{DigestOf(two)}?tag=new&tag=v1", two, actor: "second"),
                };
            },
            async () =>
            {
                Assert.Contains((first, second), new[] { (HttpStatusCode.Created, HttpStatusCode.Conflict), (HttpStatusCode.Conflict, HttpStatusCode.Created) });
                var winner = DigestOf(first == HttpStatusCode.Created ? one : two);
                Assert.Equal(winner, await NamedAsync(host, repository, "v1"));

                // All of the other push is undone, and the winner's is good at any time.
                Assert.Equal(first == HttpStatusCode.Created ? HttpStatusCode.NotFound : HttpStatusCode.OK, await host.Client.GetManifestAsync(repository, "new"));
                Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(repository, "v1", first == HttpStatusCode.Created ? one : two));
            });
    }

    [Fact]
    public async Task A_tag_that_a_rule_covers_is_what_it_was_when_the_rule_was_made_whatever_was_pushed_meanwhile()
    {
        await using var host = await StartAsync();
        var (repository, one, two) = ("", Array.Empty<byte>(), Array.Empty<byte>());
        var (put, atRule) = (default(HttpStatusCode), default(Digest));

        await PlayAllAsync(
            host,
            async () =>
            {
                (repository, one, two) = await NewGroundAsync(host);
                Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(repository, "stable", one));
                return new()
                {
                    ["push"] = async () => put = await host.Client.PutManifestAsync(repository, "stable", two, actor: "push"),
                    ["rule"] = async () =>
                    {
                        await RuleAsync(host, $"of-{repository}", repository, "stable");
                        atRule = await NamedAsync(host, repository, "stable");
                    },
                };
            },
            async () =>
            {
                Assert.Equal(put == HttpStatusCode.Created ? DigestOf(two) : DigestOf(one), await NamedAsync(host, repository, "stable"));
                Assert.Equal(atRule, await NamedAsync(host, repository, "stable"));
                Assert.True(put is HttpStatusCode.Created or HttpStatusCode.Conflict, put.ToString());
                await host.Client.DeleteAsync(new Uri($"/berth/v1/tag-rules/of-{repository}", UriKind.Relative));
            });
    }

    private async Task<RegistryHost> StartAsync()
    {
        var host = await RegistryHost.StartAsync(_scheduler);
        await RuleAsync(host, "releases", "*", "v*");
        return host;
    }

    private static async Task RuleAsync(RegistryHost host, string name, string repositories, string tags)
    {
        using var body = new StringContent($$"""{"repositories":"{{repositories}}","tags":"{{tags}}"}""", Encoding.UTF8, "application/json");
        using var answer = await host.Client.PutAsync(new Uri($"/berth/v1/tag-rules/{name}", UriKind.Relative), body);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    private async Task<(string Repository, byte[] One, byte[] Two)> NewGroundAsync(RegistryHost host)
    {
        var number = _ground++;
        var repository = $"ground{number}";
        var (one, two) = (Encoding.UTF8.GetBytes($"one {number}"), Encoding.UTF8.GetBytes($"two {number}"));
        await host.Client.PushBlobAsync(repository, one);
        await host.Client.PushBlobAsync(repository, two);
        return (repository, RegistryClientExtensions.Image(one), RegistryClientExtensions.Image(two));
    }

    private static Digest DigestOf(byte[] manifest) => Digest.Compute(DigestAlgorithm.Sha256, manifest);

    private static async Task<Digest> NamedAsync(RegistryHost host, string repository, string tag)
    {
        using var answer = await host.Client.GetAsync(new Uri($"/v2/{repository}/manifests/{tag}", UriKind.Relative));
        return Digest.Parse(answer.Headers.GetValues("Docker-Content-Digest").Single());
    }

    private async Task PlayAllAsync(RegistryHost host, Func<Task<Dictionary<string, Func<Task>>>> prepare, Func<Task> check)
    {
        var plays = await _scheduler.PlayAllAsync(prepare, check, Limit);
        Assert.True(plays > 1, "The actors never met.");
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }
}
