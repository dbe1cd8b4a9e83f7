namespace Berth.Oci.Client.Authentication;

/// <summary>Access tokens by what they were asked for, until shortly before they end.</summary>
internal sealed class TokenCache(TimeProvider time)
{
    private const int MaxTokens = 256;

    // A token that ends while its request travels would cost a second request.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Token, DateTimeOffset Until)> _tokens = [];

    public string? Find(string key)
    {
        lock (_lock)
        {
            return _tokens.TryGetValue(key, out var entry) && entry.Until > time.GetUtcNow() ? entry.Token : null;
        }
    }

    public void Add(string key, string token, TimeSpan lifetime)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (_tokens.Count >= MaxTokens) _tokens.Clear();
            _tokens[key] = (token, now + lifetime - Margin);
        }
    }

    /// <summary>Forgets a token that the registry refused.</summary>
    public void Remove(string key, string token)
    {
        lock (_lock)
        {
            if (_tokens.TryGetValue(key, out var entry) && entry.Token == token) _tokens.Remove(key);
        }
    }
}
