using System.Text.Encodings.Web;
using System.Text.Json;

namespace Berth.Cli.Evidence;

/// <summary>Evidence as one JSON object.</summary>
internal sealed class JsonEvidence(Stream output) : IEvidenceForm
{
    // It is read by people and programs, and never stands in a page.
    private readonly Utf8JsonWriter _json = new(output, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <inheritdoc/>
    public async Task BeginAsync(JsonElement head, CancellationToken cancellationToken)
    {
        _json.WriteStartObject();
        foreach (var property in head.EnumerateObject()) property.WriteTo(_json);
        _json.WriteStartArray("repositories"u8);
        await _json.FlushAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task AddAsync(JsonElement repository, CancellationToken cancellationToken)
    {
        repository.WriteTo(_json);
        await _json.FlushAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task EndAsync(EvidenceTotals totals, CancellationToken cancellationToken)
    {
        _json.WriteEndArray();
        totals.Write(_json);
        _json.WriteEndObject();
        await _json.FlushAsync(cancellationToken);
        output.WriteByte((byte)'\n');
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _json.DisposeAsync();
}
