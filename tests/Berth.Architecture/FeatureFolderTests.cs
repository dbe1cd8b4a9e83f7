using System.Text.RegularExpressions;

namespace Berth.Architecture;

/// <summary>The features of Berth.Registry: a folder each, reached through the types at its root.</summary>
public sealed partial class FeatureFolderTests
{
    private const string Registry = "src/Berth.Registry/";

    [Fact]
    public void A_namespace_is_its_folder()
    {
        foreach (var file in SourceTree.CSharp("src/"))
        {
            var declared = Namespace().Match(SourceTree.Code(file));
            if (!declared.Success)
                continue;
            var folder = Path.GetDirectoryName(file)!["src/".Length..].Replace('/', '.');

            // Records beside the interfaces that speak of them share their namespace; so do drivers' engines with a namespace of their own.
            Assert.True(
                folder == declared.Groups[1].Value || folder.StartsWith(declared.Groups[1].Value + ".", StringComparison.Ordinal),
                $"{file} declares {declared.Groups[1].Value}");
        }
    }

    [Fact]
    public void A_feature_does_not_reach_below_the_root_of_another()
    {
        var below = SourceTree.CSharp(Registry)
            .Select(f => f[Registry.Length..].Split('/'))
            .Where(p => p.Length > 2)
            .Select(p => (Feature: p[0], Inner: p[1]))
            .Distinct()
            .ToArray();
        var found = new List<string>();
        foreach (var file in SourceTree.CSharp("src/"))
        {
            var code = SourceTree.CodeWithoutText(file);
            foreach (var (feature, inner) in below)
            {
                if (file.StartsWith($"{Registry}{feature}/", StringComparison.Ordinal))
                    continue;
                foreach (Match match in Regex.Matches(code, $@"\b{feature}\.{inner}\b"))
                    found.Add(SourceTree.At(file, code, match));
            }
        }

        Assert.Empty(found);
    }

    [Fact]
    public void The_endpoints_of_one_feature_are_not_called_by_another()
    {
        var found = new List<string>();
        foreach (var file in SourceTree.CSharp(Registry))
        {
            var path = file[Registry.Length..].Split('/');
            if (path.Length < 2)
                continue;
            var code = SourceTree.CodeWithoutText(file);
            foreach (Match match in EndpointType().Matches(code))
            {
                var declared = SourceTree.CSharp(Registry).FirstOrDefault(f => Path.GetFileNameWithoutExtension(f) == match.Value);
                if (declared is not null && !declared.StartsWith($"{Registry}{path[0]}/", StringComparison.Ordinal))
                    found.Add(SourceTree.At(file, code, match));
            }
        }

        Assert.Empty(found);
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\b[A-Z]\w*Endpoints\b")]
    private static partial Regex EndpointType();
}
