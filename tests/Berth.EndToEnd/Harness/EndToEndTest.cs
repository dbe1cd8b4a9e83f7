using Berth.Testing;

namespace Berth.EndToEnd.Harness;

/// <summary>A test against a server that its class has for itself; the tests of one class run one after the other.</summary>
/// <param name="fixture">The server.</param>
/// <param name="onlyEmbedded">Whether it is about one process with its files, and nothing where others keep rows and bytes.</param>
public abstract class EndToEndTest<TFixture>(TFixture fixture, bool onlyEmbedded = false) : IAsyncLifetime, IClassFixture<TFixture>
    where TFixture : ServerFixture
{
    /// <summary>The server and the home of its clients.</summary>
    protected TFixture Fixture => fixture;

    /// <summary>A client with the owner's credentials.</summary>
    protected RegistryClient Client => fixture.Client;

    /// <summary>Host and port of the registry.</summary>
    protected string Host => fixture.Endpoint.Authority;

    /// <summary>A repository that only this test uses.</summary>
    protected string Repo { get; } = $"e2e/{Content.Name()}";

    /// <inheritdoc/>
    public virtual ValueTask InitializeAsync()
    {
        fixture.RequireServer();
        Assert.SkipWhen(onlyEmbedded && ClusterStores.AreUsed, "This is about one process with its files.");
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (TestContext.Current.TestState?.Result == TestResult.Failed && fixture.Server is { } server) server.KeepLog = true;
        return ValueTask.CompletedTask;
    }

    /// <summary>A path in the clients' folder, which exists as an empty folder afterwards.</summary>
    protected string NewFolder(string name)
    {
        var path = Path.Combine(fixture.Folder, $"{name}-{Content.Name()}");
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>The digest of the manifest that is served under a reference, computed from its bytes.</summary>
    protected async Task<string> ServedDigestAsync(string repository, string reference)
    {
        var reply = (await Client.GetManifestAsync(repository, reference)).Expect(200);
        Assert.Equal(Content.Digest(reply.Body), reply.Digest);
        return reply.Digest;
    }
}
