using Berth.Storage;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>Lets something happen before the first blob is opened.</summary>
internal sealed class Meanwhile(IBlobStore inner, Func<Task> happen) : PassingStore(inner)
{
    private Func<Task>? _happen = happen;

    public override async Task<IBlobReader> OpenAsync(string location, long size, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _happen, null) is { } once) await once();
        return await base.OpenAsync(location, size, cancellationToken);
    }
}
