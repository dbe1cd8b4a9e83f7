using Berth.Metadata;
using Berth.Registry.Identity.Authorization;
using static Berth.Registry.Tests.Identity.Authorization.Samples;

namespace Berth.Registry.Tests.Identity.Authorization;

public sealed class NameSetTests
{
    private static readonly Gen<NameSet> Sets = Gen.Select(
        Gen.OneOf(
            Names.Select(NameSet.Of),
            Names.Select(name => NameSet.StartingWith(name.Value + "/")),
            Names.Select(name => NameSet.StartingWith(name.Value)),
            Gen.Select(Names, Names).Select((x, y) => NameSet.Between(new NameRange(x.Value, y.Value))),
            Names.Select(name => NameSet.Between(new NameRange(name.Value, null))),
            Gen.Const(NameSet.All)).Array[0, 5],
        Gen.Bool).Select((sets, complement) => complement ? NameSet.Union(sets).Complement() : NameSet.Union(sets));

    [Fact]
    public void A_union_holds_what_one_of_them_holds_and_an_intersection_what_both_hold() => Gen.Select(Sets, Sets, Names).Sample(
        (x, y, name) => x.Union(y).Contains(name) == (x.Contains(name) || y.Contains(name))
            && x.Intersect(y).Contains(name) == (x.Contains(name) && y.Contains(name))
            && x.Complement().Contains(name) == !x.Contains(name),
        iter: Effort.Iterations(20_000));

    [Fact]
    public void The_laws_of_sets_hold_to_the_range() => Gen.Select(Sets, Sets, Sets).Sample(
        (x, y, z) => x.Union(y).Equals(y.Union(x))
            && x.Intersect(y).Equals(y.Intersect(x))
            && x.Union(y).Union(z).Equals(x.Union(y.Union(z)))
            && x.Intersect(y).Intersect(z).Equals(x.Intersect(y.Intersect(z)))
            && x.Intersect(y.Union(z)).Equals(x.Intersect(y).Union(x.Intersect(z)))
            && x.Union(y).Complement().Equals(x.Complement().Intersect(y.Complement()))
            && x.Complement().Complement().Equals(x)
            && x.Union(x.Complement()).IsAll
            && x.Intersect(x.Complement()).IsEmpty,
        iter: Effort.Iterations(10_000));

    [Fact]
    public void The_ranges_are_sorted_and_do_not_touch() => Sets.Sample(
        set => set.Ranges.All(r => r.Until is null || string.CompareOrdinal(r.From, r.Until) < 0)
            && set.Ranges.Zip(set.Ranges.Skip(1)).All(pair => pair.First.Until is { } until && string.CompareOrdinal(until, pair.Second.From) < 0),
        iter: Effort.Iterations(10_000));

    [Fact]
    public void The_ranges_hold_what_the_set_holds() => Gen.Select(Sets, Names).Sample(
        (set, name) => set.Contains(name) == set.Ranges.Any(range => range.Contains(name)), iter: Effort.Iterations(10_000));

    [Fact]
    public void A_prefix_is_one_range_up_to_the_next_text() =>
        Assert.Equal([new NameRange("team-a/", "team-a0")], NameSet.StartingWith("team-a/").Ranges);

    [Fact]
    public void What_no_name_can_be_is_no_name()
    {
        Assert.True(NameSet.OfText("Team").IsEmpty);
        Assert.True(NameSet.OfText("").IsEmpty);
        Assert.True(NameSet.StartingWith("é").IsEmpty);
        Assert.True(NameSet.StartingWith(new string('a', 300)).IsEmpty);
        Assert.True(NameSet.StartingWith("").IsAll);
    }
}
