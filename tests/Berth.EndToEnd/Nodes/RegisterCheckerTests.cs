using Berth.Testing.Histories;
using static Berth.Testing.Histories.RegisterAction;

namespace Berth.EndToEnd.Nodes;

/// <summary>The checker of histories itself: what it takes, what it refuses, and that it says the same as a search through all orders.</summary>
public sealed class RegisterCheckerTests
{
    public static TheoryData<string, RegisterCall[]> Good { get; } = new()
    {
        { "nothing happened", [] },
        { "one after the other", [Call(Write, "a", 0, 1), Call(Read, "a", 2, 3), Call(Delete, "there", 4, 5), Call(Read, null, 6, 7), Call(Delete, null, 8, 9)] },
        { "a read beside a write sees it", [Call(Write, "a", 0, 1), Call(Write, "b", 2, 9), Call(Read, "b", 3, 4)] },
        { "or does not", [Call(Write, "a", 0, 1), Call(Write, "b", 2, 9), Call(Read, "a", 3, 4)] },
        { "one reads the new beside another that reads the old", [Call(Write, "a", 0, 1), Call(Write, "b", 2, 9), Call(Read, "b", 3, 6), Call(Read, "a", 4, 7)] },
        { "writes beside each other in the order of the reads", [Call(Write, "a", 0, 9), Call(Write, "b", 0, 9), Call(Read, "b", 10, 11)] },
        { "of two deletions beside each other one finds it", [Call(Write, "a", 0, 1), Call(Delete, "there", 2, 9), Call(Delete, null, 2, 9)] },
        { "a deletion beside a write finds nothing", [Call(Delete, null, 0, 9), Call(Write, "a", 1, 2)] },
        { "what nobody knows the end of never happened", [Call(Write, "a", 0, 1), Call(Write, "b", 2, null), Call(Read, "a", 3, 4), Call(Read, "a", 50, 60)] },
        { "or happened late", [Call(Write, "a", 0, 1), Call(Write, "b", 2, null), Call(Read, "a", 3, 4), Call(Read, "b", 50, 60)] },
        { "a deletion that nobody knows the end of found nothing", [Call(Delete, "", 0, null), Call(Write, "a", 1, 2), Call(Read, "a", 3, 4)] },
        { "or emptied it", [Call(Write, "a", 0, 1), Call(Delete, "", 2, null), Call(Read, null, 3, 4)] },
        { "only what nobody knows the end of", [Call(Write, "a", 0, null), Call(Delete, "", 0, null)] },
        { "an answer that came as the next call went", [Call(Write, "a", 0, 5), Call(Read, null, 5, 6)] },
    };

    public static TheoryData<string, RegisterCall[]> Bad { get; } = new()
    {
        { "a read of what was never written", [Call(Read, "a", 0, 1)] },
        { "a read of what is written later", [Call(Read, "a", 0, 1), Call(Write, "a", 2, 3)] },
        { "an old value after the new one was acknowledged", [Call(Write, "a", 0, 1), Call(Write, "b", 2, 3), Call(Read, "a", 4, 5)] },
        { "nothing after a write was acknowledged", [Call(Write, "a", 0, 1), Call(Read, null, 2, 3)] },
        { "something after a deletion was acknowledged", [Call(Write, "a", 0, 1), Call(Delete, "there", 2, 3), Call(Read, "a", 4, 5)] },
        { "the old value after somebody read the new one", [Call(Write, "a", 0, 1), Call(Write, "b", 2, 9), Call(Read, "b", 3, 4), Call(Read, "a", 5, 6)] },
        { "two readers who see two writes in different orders", [Call(Write, "a", 0, 9), Call(Write, "b", 0, 9), Call(Read, "a", 10, 11), Call(Read, "b", 12, 13)] },
        { "what nobody knows the end of happens twice", [Call(Write, "b", 0, null), Call(Read, "b", 1, 2), Call(Write, "c", 3, 4), Call(Read, "c", 5, 6), Call(Read, "b", 7, 8)] },
        { "or before its call", [Call(Read, "b", 0, 1), Call(Write, "b", 2, null)] },
        { "a deletion that finds what is not there", [Call(Delete, "there", 0, 1)] },
        { "a deletion that does not find what is there", [Call(Write, "a", 0, 1), Call(Delete, null, 2, 3)] },
        { "two deletions beside each other that both find it", [Call(Write, "a", 0, 1), Call(Delete, "there", 2, 9), Call(Delete, "there", 2, 9)] },
        { "a lost write between good ones", [Call(Write, "a", 0, 1), Call(Read, "a", 2, 3), Call(Write, "b", 4, 5), Call(Read, "a", 6, 7), Call(Write, "c", 8, 9), Call(Read, "c", 10, 11)] },
    };

    [Theory]
    [MemberData(nameof(Good))]
    public void A_history_that_some_order_explains_is_taken(string what, RegisterCall[] history)
    {
        Assert.NotNull(what);
        Assert.Null(RegisterChecker.FindFault(history));
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_history_that_no_order_explains_is_refused(string what, RegisterCall[] history)
    {
        Assert.NotNull(what);
        Assert.Contains("No order explains", RegisterChecker.FindFault(history), StringComparison.Ordinal);
    }

    [Fact]
    public void It_says_the_same_as_a_search_through_all_orders()
    {
        var verdicts = new int[2];
        var call =
            from action in Gen.Enum<RegisterAction>()
            from value in Gen.Int[0, 2]
            from called in Gen.Long[0, 12]
            from lasts in Gen.Long[0, 6]
            from isKnown in Gen.Int[0, 4]
            select Sensible(action, value switch { 0 => "a", 1 => "b", _ => null }, called, isKnown > 0 ? called + lasts : null);
        call.Array[0, 6].Sample(
            history =>
            {
                var isGood = Explains(history, 0, null);
                Interlocked.Increment(ref verdicts[isGood ? 1 : 0]);
                return isGood == RegisterChecker.FindFault(history) is null;
            },
            iter: 20_000);
        Assert.All(verdicts, count => Assert.True(count > 1_000));
    }

    // Each call happens at one moment between its call and its return; one in ten is cut off, before or after that.
    [Fact]
    public void What_a_register_did_is_taken_and_one_answer_changed_is_refused()
    {
        for (var seed = 0; seed < 25; seed++)
        {
            var random = new Random(seed);
            var history = Play(random, calls: 200, clients: 8);
            Assert.Null(RegisterChecker.FindFault(history));

            var reads = Enumerable.Range(0, history.Count).Where(i => history[i].Action == Read && history[i].Value is not null).ToList();
            var changed = reads[random.Next(reads.Count)];
            history[changed] = history[changed] with { Value = "never written" };
            Assert.NotNull(RegisterChecker.FindFault(history));
        }
    }

    private static RegisterCall Call(RegisterAction action, string? value, long called, long? returned) => new("client", action, value, called, returned);

    private static RegisterCall Sensible(RegisterAction action, string? value, long called, long? returned) => action switch
    {
        Write => Call(action, value ?? "c", called, returned),
        Read => Call(action, value, called, returned ?? called + 3),
        _ => Call(action, value, called, returned),
    };

    // All orders, by hand: a call may be next when none that is left returned before it was called.
    private static bool Explains(IReadOnlyList<RegisterCall> history, int taken, string? held)
    {
        var left = Enumerable.Range(0, history.Count).Where(i => (taken & (1 << i)) == 0).ToList();
        if (left.All(i => history[i].Returned is null)) return true;
        return left.Any(i => left.All(other => history[other].Returned is not { } end || end >= history[i].Called)
            && history[i].TryApply(held, out var next) && Explains(history, taken | (1 << i), next));
    }

    private static List<RegisterCall> Play(Random random, int calls, int clients)
    {
        var plans = new List<(long At, RegisterCall Call, bool Happens)>();
        var free = new long[clients];
        for (var i = 0; i < calls; i++)
        {
            var client = i % clients;
            var called = free[client] + random.Next(1, 20);
            var returned = called + random.Next(2, 60);
            free[client] = returned;
            var action = (RegisterAction)random.Next(3);
            var isCut = action != Read && random.Next(40) == 0;
            plans.Add((random.NextInt64(called, returned + 1), new RegisterCall($"{client}", action, $"v{i}", called, isCut ? null : returned), !isCut || random.Next(2) == 0));
        }

        string? held = null;
        var history = new List<RegisterCall>();
        foreach (var (_, call, happens) in plans.OrderBy(plan => plan.At))
        {
            history.Add(call.Action switch { Read => call with { Value = held }, Delete => call with { Value = held is null ? null : "there" }, _ => call });
            if (happens && call.Action != Read) held = call.Action == Write ? call.Value : null;
        }

        return history;
    }
}
