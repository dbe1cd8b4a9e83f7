namespace Berth.Storage.FileSystem;

/// <summary>The points of the file system driver at which <see cref="Oci.ISteps"/> is asked.</summary>
public static class StorageSteps
{
    /// <summary>The bytes are written and about to be made durable.</summary>
    public const string BeforeSync = "store.before-sync";

    /// <summary>The bytes and the directory entry are durable; the caller does not know yet.</summary>
    public const string AfterSync = "store.after-sync";

    /// <summary>A location is about to be removed.</summary>
    public const string BeforeUnlink = "store.before-unlink";

    /// <summary>A location is removed, durably; the caller does not know yet.</summary>
    public const string AfterUnlink = "store.after-unlink";
}
