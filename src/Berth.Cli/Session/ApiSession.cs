using System.Text.Json;

namespace Berth.Cli.Session;

/// <summary>The control plane and the directory of the installation that somebody is signed in to.</summary>
internal sealed class ApiSession : IDisposable
{
    private readonly HttpClient _client = Wire.Connect();
    private readonly Authority _authority;
    private SessionState _state;

    private ApiSession(SessionState state, TimeProvider time)
    {
        _state = state;
        _authority = new Authority(_client, time);
    }

    /// <summary>Who is signed in to what.</summary>
    public SessionState State => _state;

    /// <summary>Whether something was changed by way of it.</summary>
    public bool HasChanged { get; private set; }

    /// <summary>The subscription's scope.</summary>
    public string Subscription => $"/subscriptions/{_state.SubscriptionId}";

    /// <summary>The session that <c>login</c> began.</summary>
    /// <exception cref="ClientException">Nobody is signed in.</exception>
    public static async Task<ApiSession> OpenAsync(CancellationToken cancellationToken) =>
        new(await SessionFile.ReadAsync(cancellationToken), TimeProvider.System);

    /// <summary>What the installation says of itself to anybody.</summary>
    /// <exception cref="ClientException">It does not answer.</exception>
    public Task<JsonElement> AboutAsync(CancellationToken cancellationToken) =>
        Wire.SendAsync(_client, HttpMethod.Get, new Uri($"{_state.Endpoint}/.well-known/berth"), null, null, cancellationToken);

    /// <summary>Calls the directory; the path is the one below its version.</summary>
    /// <exception cref="ClientException">It refused.</exception>
    public async Task<JsonElement> GraphAsync(HttpMethod method, string path, Action<Utf8JsonWriter>? body, CancellationToken cancellationToken) =>
        await SendAsync(method, $"{_state.GraphEndpoint}/v1.0{path}", _state.GraphEndpoint, body is null ? null : Wire.Body(body), cancellationToken);

    /// <summary>Calls the control plane; the path is a resource's id, or what is below it.</summary>
    /// <exception cref="ClientException">It refused.</exception>
    public async Task<JsonElement> ArmAsync(
        HttpMethod method, string path, string version, Action<Utf8JsonWriter>? body, CancellationToken cancellationToken, string query = "") =>
        await SendAsync(
            method, $"{_state.ArmEndpoint}/{path.TrimStart('/')}?api-version={version}{query}", _state.ArmEndpoint, body is null ? null : Wire.Body(body), cancellationToken);

    /// <summary>Every entry of a list of the directory.</summary>
    /// <exception cref="ClientException">It refused.</exception>
    public Task<IReadOnlyList<JsonElement>> GraphListAsync(string path, CancellationToken cancellationToken) =>
        ListAsync($"{_state.GraphEndpoint}/v1.0{path}", _state.GraphEndpoint, "@odata.nextLink", cancellationToken);

    /// <summary>Every entry of a list of the control plane.</summary>
    /// <exception cref="ClientException">It refused.</exception>
    public Task<IReadOnlyList<JsonElement>> ArmListAsync(string path, string version, CancellationToken cancellationToken, string query = "") =>
        ListAsync($"{_state.ArmEndpoint}/{path.TrimStart('/')}?api-version={version}{query}", _state.ArmEndpoint, "nextLink", cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<IReadOnlyList<JsonElement>> ListAsync(string address, string resource, string link, CancellationToken cancellationToken)
    {
        var items = new List<JsonElement>();
        for (var next = address; next is not null;)
        {
            var page = await SendAsync(HttpMethod.Get, next, resource, null, cancellationToken);
            if (page.ValueKind == JsonValueKind.Object && page.TryGetProperty("value", out var value)) items.AddRange(value.EnumerateArray());
            next = page.Text(link);
            if (next?.StartsWith($"{resource}/", StringComparison.OrdinalIgnoreCase) == false)
                throw new ClientException($"the list goes on at another server ({next}), where the token must not go.");
        }

        return items;
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string address, string resource, HttpContent? content, CancellationToken cancellationToken)
    {
        _state = await SessionTokens.RenewAsync(_authority, _state, resource, cancellationToken);
        var answer = await Wire.SendAsync(_client, method, new Uri(address), _state.AccessTokens[resource].Token, content, cancellationToken);

        // Questions that are too long for an address are asked by POST; they change nothing.
        HasChanged |= method != HttpMethod.Get && method != HttpMethod.Head && !address.EndsWith("/getByIds", StringComparison.Ordinal) && !address.Contains("/dryRun", StringComparison.Ordinal);
        return answer;
    }
}
