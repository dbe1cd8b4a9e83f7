using System.Text.Json;
using System.Text.Json.Serialization;

namespace Berth.Bench.Report;

/// <summary>All that a run found out.</summary>
internal sealed class Results
{
    public required Machine Machine { get; init; }

    /// <summary>Whether it was the short version, whose figures are only a hint.</summary>
    public required bool Quick { get; init; }

    public List<Figure> Figures { get; } = [];

    public List<Growth> Growths { get; } = [];

    /// <summary>Facts that explain figures: cipher suites, sizes, settings.</summary>
    public List<string> Remarks { get; } = [];

    public double Minutes { get; set; }

    [JsonIgnore]
    public bool AllMet => Figures.All(figure => figure.IsMet != false) && Growths.All(growth => growth.IsMet != false);

    public void WriteJson(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, JsonSerializer.Serialize(this, ResultsJson.Default.Results) + "\n");
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, IncludeFields = true)]
[JsonSerializable(typeof(Results))]
internal sealed partial class ResultsJson : JsonSerializerContext;
