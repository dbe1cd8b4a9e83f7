using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Evidence;

/// <summary>How much evidence holds, which also says that it is whole.</summary>
internal sealed class EvidenceTotals
{
    /// <summary>How many repositories.</summary>
    public int Repositories { get; private set; }

    /// <summary>How many manifests.</summary>
    public int Manifests { get; private set; }

    /// <summary>How many tags.</summary>
    public int Tags { get; private set; }

    /// <summary>Counts a repository.</summary>
    public void Add(JsonElement repository)
    {
        Repositories++;
        foreach (var manifest in repository.At("manifests").Items())
        {
            Manifests++;
            Tags += manifest.At("tags").Items().Count();
        }
    }

    /// <summary>Writes them.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("totals"u8);
        json.WriteNumber("repositories"u8, Repositories);
        json.WriteNumber("manifests"u8, Manifests);
        json.WriteNumber("tags"u8, Tags);
        json.WriteEndObject();
    }
}
