using System.Text.Json;

namespace Berth.Metadata;

/// <summary>What is done with a resource's tags.</summary>
public enum ResourceTagOperation
{
    /// <summary>Those that are named take the place of all.</summary>
    Replace,

    /// <summary>Those that are named are added, in the place of those of their names.</summary>
    Merge,

    /// <summary>Those that are named go, whatever their values.</summary>
    Delete,
}

/// <summary>A change of a resource's tags. Case does not tell two names apart; of a name that is there twice, the last value counts.</summary>
/// <param name="Operation">What is done.</param>
/// <param name="Named">The tags that it is done with, a JSON object of texts.</param>
public sealed record ResourceTagChange(ResourceTagOperation Operation, string Named)
{
    /// <summary>The tags after the change, of those that stand (a JSON object of texts).</summary>
    public IReadOnlyDictionary<string, string> ApplyTo(string standing)
    {
        var tags = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (Operation != ResourceTagOperation.Replace) Set(tags, standing);
        if (Operation != ResourceTagOperation.Delete)
        {
            Set(tags, Named);
            return tags;
        }

        using var named = JsonDocument.Parse(Named);
        foreach (var tag in named.RootElement.EnumerateObject()) tags.Remove(tag.Name);
        return tags;
    }

    private static void Set(Dictionary<string, string> tags, string given)
    {
        using var document = JsonDocument.Parse(given);
        foreach (var tag in document.RootElement.EnumerateObject()) tags[tag.Name] = tag.Value.GetString()!;
    }
}
