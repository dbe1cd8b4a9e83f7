using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>A test that calls the registry; each has repositories of its own, so that all may run at once.</summary>
public abstract class RegistryTest(RegistryFixture fixture) : IAsyncLifetime
{
    /// <summary>A client with the owner's credentials.</summary>
    protected RegistryClient Client { get; private set; } = null!;

    /// <summary>Where the registry answers.</summary>
    protected RegistryEndpoint Endpoint => Client.Endpoint;

    /// <summary>A repository that only this test uses.</summary>
    protected string Repo { get; } = NewRepo();

    /// <summary>What starts the server.</summary>
    protected RegistryFixture Fixture => fixture;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => Client = await fixture.ClientAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed) fixture.NoteFailure();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>The name of another repository that only this test uses.</summary>
    protected static string NewRepo() => $"test/{Content.Name()}";

    /// <summary>The path of a blob.</summary>
    protected static string BlobPath(string repository, string digest) => $"/v2/{repository}/blobs/{digest}";

    /// <summary>The path of a manifest.</summary>
    protected static string ManifestPath(string repository, string reference) => $"/v2/{repository}/manifests/{reference}";

    /// <summary>
    /// Checks a refusal with 400 or 404 in the spec's JSON. A target with a NUL or a byte beyond ASCII may be refused by the HTTP server itself, with
    /// its own 400 and no body.
    /// </summary>
    protected static void ExpectRefusal(Reply reply, string target, params string[] codes)
    {
        var beyondText = target.Contains("%00", StringComparison.Ordinal) || target.Any(c => c is '\0' or > '~');
        if (beyondText && reply.Status == 400 && reply.Body.Length == 0) return;
        reply.ExpectError(reply.Status == 404 ? 404 : 400, codes);
    }

    /// <summary>One exchange whose target and headers are sent as they stand.</summary>
    protected Task<Reply> RawAsync(string method, string target, byte[]? body = null, params (string Name, string Value)[] headers) =>
        RawConnection.ExchangeAsync(Endpoint, method, target, body, headers);
}
