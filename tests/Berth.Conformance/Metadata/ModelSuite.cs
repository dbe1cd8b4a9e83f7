using Berth.Oci;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Conformance.Metadata;

/// <summary>Random operations against a store and a model of it: the same answers, the same state, the same number of ledger records.</summary>
public abstract class ModelSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly Gen<Operation> AnyOperation =
        Gen.Select(Gen.Int[0, 12], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 3], (kind, a, b, c) => new Operation((OperationKind)kind, a, b, c));

    [Fact]
    public async Task A_store_does_what_the_model_does_whatever_the_order()
    {
        await AnyOperation.List[1, 80].SampleAsync(PlayAsync, iter: 40, threads: 1);
    }

    private static async Task PlayAsync(List<Operation> operations)
    {
        await using var database = new TDatabase();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using var store = await database.OpenAsync(time, NoSteps.Instance);
        var play = await ModelPlay.StartAsync(store, time);

        foreach (var operation in operations) await play.DoAsync(operation);

        await play.CompareAsync();
        await play.CollectEverythingAsync();
        await play.CompareAsync();
    }
}

/// <summary>What one step of a play does.</summary>
internal enum OperationKind
{
    PushBlob,
    PutImage,
    PutTaggedImage,
    PutIndex,
    DeleteManifest,
    DeleteTag,
    DeleteBlob,
    Mount,
    Damage,
    OpenUpload,
    AbortUpload,
    Renew,
    Advance,
}

/// <summary>One step of a play, with three choices that each kind reads in its own way.</summary>
internal sealed record Operation(OperationKind Kind, int A, int B, int C);
