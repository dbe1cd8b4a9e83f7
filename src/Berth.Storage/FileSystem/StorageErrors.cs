using Berth.Storage.FileSystem.Operations;

namespace Berth.Storage.FileSystem;

/// <summary>What a refused operation means to the store's callers.</summary>
internal static class StorageErrors
{
    /// <summary>No room, or no answer: an error number says nothing about whether content exists.</summary>
    public static IOException Translate(FileOperationException failure) => failure.IsFull
        ? new StorageFullException($"The volume is full ({failure.Message}).", failure)
        : new StorageUnavailableException($"The store does not answer ({failure.Message}).", failure);
}
