using Berth.Storage.AzureBlob;
using Berth.Storage.ObjectStore;
using Berth.Storage.S3;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Storage.Tests.ObjectStore;

/// <summary>A link is signed once for those who ask at about the same time, and never given when less than nine tenths of its life are left.</summary>
public sealed class SignedLinksTests
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task Who_asks_within_a_tenth_of_a_links_life_has_the_same_one()
    {
        await using var store = Store();
        var location = store.NewLocation();
        var first = await LinkAsync(store, location);
        Assert.Contains("se=2026-03-01T12%3A15%3A00Z", first, StringComparison.Ordinal);

        _time.Advance((Lifetime / 10) - TimeSpan.FromSeconds(1));
        Assert.Equal(first, await LinkAsync(store, location));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("se=2026-03-01T12%3A16%3A30Z", await LinkAsync(store, location), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_place_and_another_lifetime_have_a_link_of_their_own()
    {
        await using var store = Store();
        var (location, other) = (store.NewLocation(), store.NewLocation());
        var first = await LinkAsync(store, location);
        Assert.Contains(other, await LinkAsync(store, other), StringComparison.Ordinal);
        Assert.NotEqual(first, (await store.LinkAsync(location, Lifetime * 2, TestContext.Current.CancellationToken))?.AbsoluteUri);
        Assert.Equal(first, await LinkAsync(store, location));
    }

    [Fact]
    public async Task A_clock_that_is_put_back_or_on_makes_new_links()
    {
        await using var store = Store();
        var location = store.NewLocation();
        var first = await LinkAsync(store, location);
        _time.AdjustTime(_time.GetUtcNow() + TimeSpan.FromHours(1));
        Assert.Contains("se=2026-03-01T13%3A15%3A00Z", await LinkAsync(store, location), StringComparison.Ordinal);
        _time.AdjustTime(_time.GetUtcNow() - TimeSpan.FromHours(1));
        Assert.Equal(first, await LinkAsync(store, location));
    }

    [Fact]
    public void More_than_are_kept_push_out_all_before_them()
    {
        var links = new SignedLinks(_time);
        var (first, link) = ("0", new Uri("http://store.test/0"));
        for (var i = 0; i <= SignedLinks.Most; i++) links.Keep(i.ToString(System.Globalization.CultureInfo.InvariantCulture), Lifetime, link, _time.GetUtcNow());
        Assert.Null(links.Find(first, Lifetime));
        Assert.Same(link, links.Find(SignedLinks.Most.ToString(System.Globalization.CultureInfo.InvariantCulture), Lifetime));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("a-session-token")]
    public async Task A_link_that_ends_with_its_credentials_is_given_once(string? sessionToken)
    {
        // From where a program of AWS's gets them that was given none: the only place for some that end.
        Dictionary<string, string?> credentials = new() { ["AWS_ACCESS_KEY_ID"] = "key", ["AWS_SECRET_ACCESS_KEY"] = "secret", ["AWS_SESSION_TOKEN"] = sessionToken };
        foreach (var (name, value) in credentials) Environment.SetEnvironmentVariable(name, value);
        try
        {
            await using var store = ObjectBlobStore.Open(
                new S3Options { Bucket = "registry", Endpoint = new Uri("http://127.0.0.1:1") }, new ObjectStoreOptions(), TimeProvider.System, NullLogger<ObjectBlobStore>.Instance);
            var location = store.NewLocation();
            var first = await store.LinkAsync(location, Lifetime, TestContext.Current.CancellationToken);
            var second = await store.LinkAsync(location, Lifetime, TestContext.Current.CancellationToken);
            Assert.Equal(sessionToken is not null, first?.Query.Contains($"X-Amz-Security-Token={sessionToken}", StringComparison.Ordinal));
            Assert.Equal(sessionToken is null, ReferenceEquals(first, second));
        }
        finally
        {
            foreach (var name in credentials.Keys) Environment.SetEnvironmentVariable(name, null);
        }
    }

    // Nothing is asked of the service for a signature with an account's key.
    private ObjectBlobStore Store() => ObjectBlobStore.Open(
        new AzureBlobOptions { Container = "registry", Endpoint = new Uri("http://127.0.0.1:1/account"), Account = "account", AccountKey = Convert.ToBase64String(new byte[64]) },
        new ObjectStoreOptions(), _time, NullLogger<ObjectBlobStore>.Instance);

    private static async Task<string> LinkAsync(ObjectBlobStore store, string location) =>
        (await store.LinkAsync(location, Lifetime, TestContext.Current.CancellationToken))?.AbsoluteUri ?? throw new InvalidOperationException("There is no link.");
}
