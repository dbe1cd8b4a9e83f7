using System.Reflection;
using System.Xml.Linq;

namespace Berth.Architecture;

/// <summary>Public types say what they are.</summary>
public sealed class DocumentationTests
{
    public static TheoryData<string> Rooms => ["Berth.Oci", "Berth.Storage", "Berth.Metadata", "Berth.Registry", "berth-server", "berth-cli"];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Every_public_type_has_a_summary_that_is_a_sentence(string room)
    {
        var assembly = Assembly.Load(room);
        var documented = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member")
            .ToDictionary(m => (string)m.Attribute("name")!, m => m.Element("summary")?.Value.Trim() ?? "");
        var silent = assembly.GetExportedTypes()
            .Where(t => !t.IsSpecialName && t.Namespace?.StartsWith("Berth", StringComparison.Ordinal) == true)
            .Where(t => !documented.TryGetValue("T:" + t.FullName!.Replace('+', '.'), out var summary) || !summary.EndsWith('.'));
        Assert.Empty(silent.Select(t => t.FullName));
    }
}
