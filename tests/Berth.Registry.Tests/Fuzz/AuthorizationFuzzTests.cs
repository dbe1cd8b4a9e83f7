using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Identity.Authorization;
using Berth.Registry.Tests.Identity.Authorization;

namespace Berth.Registry.Tests.Fuzz;

/// <summary>Parsers of access rules on anything: a rule or a sentence, soon, and no rule that means more than it says.</summary>
public sealed class AuthorizationFuzzTests
{
    private static readonly string[] Fragments =
    [
        "(", ")", "!", "NOT ", " AND ", " OR ", "&&", "||", "'", "''", "{", "}", ",", ":", "*", " ", "\n", "\0", "é", "\ud800", "a", "team/", "ActionMatches{'", "'}",
        "ActionMatches{'*'}", Samples.NameAttribute, "@Request[", " StringEquals ", " StringStartsWith 'a'", " ForAnyOfAnyValues:StringNotEquals {'a','b'}",
        "repositories/", "/content/read", "/*", "gateway/", "/config/read", "repository:", ":pull", ":pull,push", "registry:catalog:*", "repository(", "..", "//",
    ];

    private static readonly Gen<string> Hostile = Gen.OneOf(
        Gen.String,
        Gen.OneOf(Fragments).Array[0, 14].Select(string.Concat),
        Gen.Select(ConditionEvaluation.Trees, Gen.Int[0, 1_000_000], Gen.OneOf(Fragments), Gen.Int[0, 3]).Select((tree, seed, fragment, cut) =>
        {
            var text = ConditionEvaluation.Write(tree, new Random(seed));
            var at = seed % (text.Length + 1);
            return text[..at] + fragment + text[Math.Min(text.Length, at + cut)..];
        }));

    [Fact]
    public void A_condition_is_read_or_refused_at_a_place_within_it() => Hostile.Sample(
        text =>
        {
            if (!RoleCondition.TryParse(text, out var condition, out var error)) return error.Position >= 1 && error.Position <= text.Length + 1 && error.Message.Length < 500;
            return condition.Permits(Samples.DataActions[0]).Ranges.Count <= text.Length;
        },
        iter: Effort.Iterations(20_000));

    [Fact]
    public void A_line_of_a_scope_map_is_read_or_refused_with_a_sentence() => Hostile.Sample(
        text =>
        {
            if (!ScopeMapAction.TryParse(text, out var action, out var error)) return error.Length is > 20 and < 500;
            return action.Text == text && (action.Granted.Count > 0) == !action.Repositories.IsEmpty && (!action.Repositories.IsAll || text.Contains("/*/", StringComparison.Ordinal));
        },
        iter: Effort.Iterations(20_000));

    [Fact]
    public void Scopes_are_read_or_refused_and_never_grant_what_the_text_does_not_name() => Hostile.Array[0, 3].Sample(
        values =>
        {
            if (!RegistryScopes.TryParse(values, out var scopes, out var error)) return error.Length is > 20 and < 500;
            return scopes.Grant(RegistryPermissions.None).Count == 0
                && scopes.Grant(RegistryPermissions.Admin).All(entry => values.Any(value => value.Contains(entry.Name, StringComparison.Ordinal)))
                && (scopes.Grant(RegistryPermissions.Admin).Count == 0) == scopes.IsEmpty;
        },
        iter: Effort.Iterations(20_000));

    [Fact]
    public void Long_texts_take_linear_time()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        foreach (var unit in Fragments)
        {
            var text = string.Concat(Enumerable.Repeat(unit, RoleCondition.MaxLength / unit.Length));
            foreach (var whole in (string[])[text, "ActionMatches{'" + text, Samples.NameAttribute + " StringEquals '" + text + "'", "repositories/" + text + "/content/read", "repository:" + text + ":pull"])
            {
                if (RoleCondition.TryParse(whole, out var condition, out _)) _ = condition.Permits(Samples.DataActions[0]);
                _ = ScopeMapAction.TryParse(whole, out _, out _);
                _ = RegistryScopes.TryParse([whole], out _, out _);
            }
        }

        var list = "ForAnyOfAllValues:StringNotEquals {" + string.Join(',', Enumerable.Range(0, 1_300).Select(i => $"'{i:x}'")) + "}";
        Assert.True(RoleCondition.TryParse($"{Samples.NameAttribute} {list}", out var many, out _));
        Assert.Equal(1_301, many.Permits(Samples.DataActions[0]).Ranges.Count);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void A_condition_never_widens_what_its_role_gives() => Gen.Select(ConditionEvaluation.Trees, Gen.OneOf([.. BuiltInRoles.All]), Gen.Enum<RoleAssignmentMode>(), Samples.Names).Sample(
        (tree, role, mode, name) =>
        {
            if (!RoleCondition.TryParse(ConditionEvaluation.Write(tree, new Random(1)), out var condition, out _)) return true;
            var free = RegistryPermissions.FromAssignments([new("1", "/", role, null)], mode);
            var bound = RegistryPermissions.FromAssignments([new("1", "/", role, condition)], mode);
            return Enum.GetValues<RepositoryAction>().All(action => !bound.IsAllowed(name, action) || free.IsAllowed(name, action))
                && Enum.GetValues<RegistryAction>().All(action => !bound.MayUse(action) || free.MayUse(action));
        },
        iter: Effort.Iterations(2_000));
}
