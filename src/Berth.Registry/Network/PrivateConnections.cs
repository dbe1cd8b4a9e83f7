using System.Collections.Frozen;
using System.Text.Json;

namespace Berth.Registry.Network;

/// <summary>What a registry makes of the private endpoints' connections to it, by their names.</summary>
internal sealed class PrivateConnections
{
    // Stands for every connection that has no state of its own; no connection has this name.
    private const string Others = "*";

    private readonly FrozenDictionary<string, ConnectionState> _states;

    private PrivateConnections(IEnumerable<KeyValuePair<string, ConnectionState>> states) => _states = states.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Those of a new registry: all are approved.</summary>
    public static PrivateConnections AllApproved { get; } = new([]);

    /// <summary>Those of a registry of which nobody knows any more which ones were rejected: all wait to be approved.</summary>
    public static PrivateConnections AllPending { get; } = new([KeyValuePair.Create(Others, new ConnectionState(ConnectionStatus.Pending))]);

    /// <summary>Whether nothing was decided about any.</summary>
    public bool IsEmpty => _states.Count == 0;

    /// <summary>The state of a connection.</summary>
    public ConnectionState this[string name] => _states.GetValueOrDefault(name) ?? Rest;

    private ConnectionState Rest => _states.GetValueOrDefault(Others) ?? ConnectionState.Approved;

    /// <summary>These, and another state of one connection.</summary>
    public PrivateConnections With(string name, ConnectionState state) =>
        new([.. _states.Where(entry => entry.Key != name), .. state == Rest ? [] : (KeyValuePair<string, ConnectionState>[])[KeyValuePair.Create(name, state)]]);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else, such as what a later version writes.</exception>
    /// <exception cref="InvalidOperationException">It has another type.</exception>
    public static PrivateConnections Read(JsonElement value) => new(value.EnumerateObject().Select(entry => KeyValuePair.Create(entry.Name, ReadState(entry.Value))));

    /// <summary>Writes them as an object.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach (var (name, state) in _states.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            json.WriteStartObject(name);
            json.WriteString("status"u8, state.Status.ToString());
            if (state.Description is not null) json.WriteString("description"u8, state.Description);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static ConnectionState ReadState(JsonElement value)
    {
        if (value.EnumerateObject().Any(property => property.Name is not ("status" or "description"))) throw new FormatException("A connection's state says more than is known.");
        var text = value.TryGetProperty("status", out var status) ? status.GetString() : null;

        // The framework's parser takes numbers and lists as well.
        if (!Enum.TryParse<ConnectionStatus>(text, out var known) || known.ToString() != text) throw new FormatException("A connection has no status that is known.");
        return new ConnectionState(known, value.TryGetProperty("description", out var description) ? description.GetString() : null);
    }
}
