using System.Diagnostics;

namespace Berth.Registry.Tests;

public sealed class RegistryTracingTests
{
    [Fact]
    public void Where_nobody_listens_there_is_no_span_and_nothing_is_allocated()
    {
        using var around = new Activity("a request").Start();
        Assert.Null(Begin());
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) Begin();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.False(RegistryTracing.IsOn);

        static Activity? Begin() => RegistryTracing.Start("authenticate") ?? RegistryTracing.StartRound("gc.round");
    }
}
