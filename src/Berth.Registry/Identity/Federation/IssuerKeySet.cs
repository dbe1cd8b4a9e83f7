using System.Text.Json;

namespace Berth.Registry.Identity.Federation;

/// <summary>The keys of an issuer as it published them at one time (a JWK set, RFC 7517, 5).</summary>
internal sealed class IssuerKeySet
{
    private const int MostKeys = 100;

    private readonly IReadOnlyList<IssuerKey> _keys;

    private IssuerKeySet(IReadOnlyList<IssuerKey> keys) => _keys = keys;

    /// <summary>How many there are that verify something.</summary>
    public int Count => _keys.Count;

    /// <summary>Reads a key set; keys that verify nothing here are left out.</summary>
    /// <exception cref="FormatException">It is none, or too large.</exception>
    public static IssuerKeySet Read(JsonElement set)
    {
        if (set.ValueKind != JsonValueKind.Object || !set.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array)
            throw new FormatException("its key set has no list of keys");
        if (keys.GetArrayLength() > MostKeys) throw new FormatException($"its key set has more than {MostKeys} keys");
        return new IssuerKeySet([.. keys.EnumerateArray().Select(key => key.ValueKind == JsonValueKind.Object ? IssuerKey.TryRead(key) : null).OfType<IssuerKey>()]);
    }

    /// <summary>
    /// The one key that an assertion names and that may sign with its algorithm, or null. Where it names none, the set's only key is meant; where there
    /// are several, none is: nobody tries them all.
    /// </summary>
    public IssuerKey? Find(string? id, AssertionAlgorithm algorithm)
    {
        if (id is null) return _keys is [var only] && only.Fits(algorithm) ? only : null;

        var named = _keys.Where(key => key.Id == id && key.Fits(algorithm)).Take(2).ToArray();
        return named is [var key] ? key : null;
    }
}
