using Berth.Oci;
using Berth.Storage.FileSystem.Operations;
using Microsoft.Extensions.Logging;

namespace Berth.Storage.FileSystem;

/// <summary>What the store, its writers and its readers work with together.</summary>
internal sealed record StoreParts(
    IFileOperations Files,
    IoLane Writes,
    IoLane Reads,
    StoreIdentity Identity,
    ReserveFile Reserve,
    VolumeAdmission Admission,
    WritePressure Pressure,
    DirectIo Direct,
    OpenWriters Writers,
    ISteps Steps,
    ILogger Logger)
{
    /// <summary>What a refused write means to its caller; a full volume gives its reserve free first.</summary>
    public async Task<IOException> TranslateAsync(FileOperationException failure)
    {
        if (failure.IsFull) await Reserve.ReleaseAsync(failure.Message, CancellationToken.None);
        return StorageErrors.Translate(failure);
    }

    /// <summary>Refuses a write while the reserve is given free: it would eat the room that deletions need.</summary>
    /// <exception cref="StorageFullException">The reserve is not in place.</exception>
    public void RequireReserve()
    {
        if (!Reserve.IsHeld) throw new StorageFullException("The volume is full: nothing is taken until its reserve is in place again.");
    }
}
