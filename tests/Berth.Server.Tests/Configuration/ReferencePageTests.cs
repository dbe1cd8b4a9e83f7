using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Berth.Server.Configuration;

namespace Berth.Server.Tests.Configuration;

/// <summary>docs/reference/configuration.md is made from the options records and their doc comments. UPDATE_DOCS=1 writes it anew.</summary>
public sealed partial class ReferencePageTests
{
    [Fact]
    public void The_reference_page_of_the_settings_is_current() => GeneratedPage.Check("docs/reference/configuration.md", Render());

    [Fact]
    public void Every_setting_says_what_it_is_and_ends_its_sentence() =>
        Assert.All(Settings(new ServerOptions(), ""), s => Assert.EndsWith(".", s.Summary, StringComparison.Ordinal));

    private static string Render()
    {
        var page = new StringBuilder();
        page.Append("""
            # Settings

            Made from the options records in `src/`; do not edit (`UPDATE_DOCS=1 dotnet test --project tests/Berth.Server.Tests` writes it anew).

            A setting is given in the file named by `--config` (JSON, each `:` is a level of nesting), or by an environment variable: `BERTH_`, then the
            name with two underscores for each `:`. A variable wins over the file; the flags `--data`, `--http`, `--https` and `--domain` win over both.
            A value that is not allowed stops the start with one sentence; a name that does not exist is a warning.
            Durations are written `90s`, `5m`, `24h`, `7d` or `00:01:30`.

            `BERTH_OWNER_PASSWORD` is no setting: it is the owner's password, set at each start where it is given. Without it a first start makes one and
            prints it once.

            | setting | default | allowed | what it is |
            |---|---|---|---|

            """);
        foreach (var setting in Settings(new ServerOptions(), ""))
            page.Append($"| `{setting.Key}` | {setting.Default} | {setting.Allowed} | {setting.Summary} |\n");
        return page.ToString();
    }

    private static IEnumerable<(string Key, string Default, string Allowed, string Summary)> Settings(object section, string prefix)
    {
        foreach (var property in section.GetType().GetProperties().Where(p => p.CanWrite))
        {
            var value = property.GetValue(section);
            if (OptionsBinder.IsSection(property.PropertyType))
            {
                foreach (var nested in Settings(value!, property.IsDefined(typeof(InlineAttribute)) ? prefix : $"{prefix}{property.Name}:"))
                    yield return nested;
                continue;
            }

            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            var allowed = SettingValue.Allowed(SettingValue.ElementType(type) ?? type, property.GetCustomAttribute<RangeAttribute>());
            var text = SettingValue.Text(value);
            yield return (prefix + property.Name, text.Length == 0 ? "" : $"`{text}`", allowed.Replace("|", "\\|", StringComparison.Ordinal), Summary(property));
        }
    }

    private static string Summary(PropertyInfo property)
    {
        var assembly = property.DeclaringType!.Assembly;
        var file = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml"));
        var id = $"P:{property.DeclaringType.FullName}.{property.Name}";
        var member = file.Descendants("member").Single(m => (string?)m.Attribute("name") == id);
        var text = string.Concat(member.Element("summary")!.Nodes().Select(Text));
        return WhiteSpace().Replace(text, " ").Trim();
    }

    private static string Text(XNode node) => node switch
    {
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" } see => $"`{((string?)see.Attribute("cref"))?.Split('.')[^1]}`",
        XText text => text.Value,
        _ => node.ToString(),
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
