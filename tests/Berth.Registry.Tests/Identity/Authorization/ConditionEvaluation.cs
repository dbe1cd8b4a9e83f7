using Berth.Oci;
using Berth.Registry.Identity.Authorization;
using static Berth.Registry.Tests.Identity.Authorization.Samples;

namespace Berth.Registry.Tests.Identity.Authorization;

/// <summary>Conditions as the language defines them, one name at a time: what the compiled ranges are held against.</summary>
internal static class ConditionEvaluation
{
    private static readonly Gen<NameComparison> Comparisons = Gen.OneOf([.. NameComparison.Names.Select(name => NameComparison.Find(name)!)]);

    private static readonly Gen<string> Values = Gen.OneOf(
        Names.Select(name => name.Value),
        Names.Select(name => name.Value + "/"),
        Names.Select(name => name.Value.ToUpperInvariant()),
        Gen.OneOf("", "t", "T", "te", "team-", "TEAM-A/", "é", "ſ", "a'b", "''", "a b", "a*", "-", "/", "_", "zz", "\u212A", new string('a', 300)));

    private static readonly Gen<string> Patterns = Gen.OneOf(
        Gen.OneOf(DataActions), Gen.OneOf("*", "", Actions + "*", "*/read", "MICROSOFT.CONTAINERREGISTRY/*/WRITE", "Microsoft.Storage/*"));

    /// <summary>Random conditions as trees.</summary>
    public static Gen<ConditionNode> Trees { get; } = Gen.Recursive<ConditionNode>((depth, self) => depth >= 4
        ? Leaf
        : Gen.Frequency(
            (2, Leaf),
            (1, self.Select(part => (ConditionNode)new ConditionNode.Not(part))),
            (1, self.List[2, 3].Select(parts => (ConditionNode)new ConditionNode.And(parts))),
            (1, self.List[2, 3].Select(parts => (ConditionNode)new ConditionNode.Or(parts)))));

    private static Gen<ConditionNode> Leaf => Gen.Frequency(
        (1, Patterns.Select(pattern => (ConditionNode)new ConditionNode.ActionMatches(pattern))),
        (3, Gen.Select(Comparisons, Values.List[1, 3], Gen.Bool).Select((how, values, each) => (ConditionNode)new ConditionNode.NameCompares(how, values, each))));

    /// <summary>Whether the condition holds for the action on the name.</summary>
    public static bool Holds(ConditionNode node, string action, RepositoryName name) => node switch
    {
        ConditionNode.And and => and.Parts.All(part => Holds(part, action, name)),
        ConditionNode.Or or => or.Parts.Any(part => Holds(part, action, name)),
        ConditionNode.Not not => !Holds(not.Part, action, name),
        ConditionNode.ActionMatches matches => ActionPattern.Matches(matches.Pattern, action),
        ConditionNode.NameCompares { WithEach: true } compares => compares.Values.All(value => Holds(compares.Comparison, name.Value, value)),
        ConditionNode.NameCompares compares => compares.Values.Any(value => Holds(compares.Comparison, name.Value, value)),
        _ => throw new ArgumentOutOfRangeException(nameof(node)),
    };

    /// <summary>The tree as text, in one of the many ways to write it.</summary>
    public static string Write(ConditionNode node, Random random)
    {
        string Pick(params string[] forms) => forms[random.Next(forms.Length)];
        string Space() => Pick("", " ", "\r\n\t");
        string Join(IReadOnlyList<ConditionNode> parts, params string[] words) =>
            string.Concat(parts.Select((part, i) => (i == 0 ? "" : $" {Pick(words)} ") + $"({Space()}{Write(part, random)}{Space()})"));

        return node switch
        {
            ConditionNode.And and => Join(and.Parts, "AND", "and", "&&"),
            ConditionNode.Or or => Join(or.Parts, "OR", "Or", "||"),
            ConditionNode.Not not => $"{Pick("!", "! ", "NOT ", "not")}({Write(not.Part, random)})",
            ConditionNode.ActionMatches matches => $"{Pick("ActionMatches", "actionmatches")}{Space()}{{{Space()}'{Quote(matches.Pattern)}'{Space()}}}",
            ConditionNode.NameCompares compares => $"{Pick(NameAttribute, NameAttribute.ToUpperInvariant())}{Space()}{Operator(compares)}",
            _ => throw new ArgumentOutOfRangeException(nameof(node)),
        };

        string Operator(ConditionNode.NameCompares compares)
        {
            var name = NameComparison.Names.Single(n => NameComparison.Find(n) == compares.Comparison);
            if (compares.Values.Count == 1 && random.Next(2) == 0) return $" {Pick(name, name.ToUpperInvariant())}{Space()}'{Quote(compares.Values[0])}'";

            var set = compares.WithEach ? Pick("ForAnyOfAllValues", "ForAllOfAllValues") : Pick("ForAnyOfAnyValues", "forallofanyvalues");
            return $" {set}:{name} {{{string.Join($"{Space()},{Space()}", compares.Values.Select(value => $"'{Quote(value)}'"))}}}";
        }
    }

    private static bool Holds(NameComparison how, string name, string value)
    {
        var rule = how.IgnoresCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        return how.IsNegated ^ (how.IsPrefix ? name.StartsWith(value, rule) : name.Equals(value, rule));
    }

    private static string Quote(string value) => value.Replace("'", "''", StringComparison.Ordinal);
}
