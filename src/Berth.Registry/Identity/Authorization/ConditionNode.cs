namespace Berth.Registry.Identity.Authorization;

/// <summary>A condition as a tree.</summary>
internal abstract record ConditionNode
{
    /// <summary>The names for which the condition holds when the action is asked for.</summary>
    public abstract NameSet Compile(string action);

    /// <summary>Holds when every part holds.</summary>
    internal sealed record And(IReadOnlyList<ConditionNode> Parts) : ConditionNode
    {
        public override NameSet Compile(string action) => Parts.Aggregate(NameSet.All, (set, part) => set.IsEmpty ? set : set.Intersect(part.Compile(action)));
    }

    /// <summary>Holds when one part holds.</summary>
    internal sealed record Or(IReadOnlyList<ConditionNode> Parts) : ConditionNode
    {
        public override NameSet Compile(string action) => NameSet.Union(Parts.Select(part => part.Compile(action)));
    }

    /// <summary>Holds when the other does not.</summary>
    internal sealed record Not(ConditionNode Part) : ConditionNode
    {
        public override NameSet Compile(string action) => Part.Compile(action).Complement();
    }

    /// <summary>Holds for the actions under a pattern, whatever the name.</summary>
    internal sealed record ActionMatches(string Pattern) : ConditionNode
    {
        public override NameSet Compile(string action) => ActionPattern.Matches(Pattern, action) ? NameSet.All : NameSet.None;
    }

    /// <summary>Holds when the name compares so with one of the values, or with each of them.</summary>
    internal sealed record NameCompares(NameComparison Comparison, IReadOnlyList<string> Values, bool WithEach) : ConditionNode
    {
        public override NameSet Compile(string action)
        {
            if (!WithEach) return NameSet.Union(Values.Select(Comparison.Compile));

            // The names that compare so with each value are those that do not fail with one.
            return NameSet.Union(Values.Select(value => Comparison.Compile(value).Complement())).Complement();
        }
    }
}
