namespace Berth.Server.Backups;

/// <summary>The points of a backup and of a restore at which <see cref="Oci.ISteps"/> is asked; the stores that they open have their own.</summary>
internal static class CopySteps
{
    /// <summary>The folders are locked and nothing is changed.</summary>
    public const string Claimed = "copy.claimed";

    /// <summary>The target is marked as unfinished.</summary>
    public const string Begun = "copy.begun";

    /// <summary>The rows are copied into the draft.</summary>
    public const string Filled = "copy.filled";

    /// <summary>The bytes are copied.</summary>
    public const string BlobsCopied = "copy.blobs";

    /// <summary>The certificates are copied.</summary>
    public const string CertificatesCopied = "copy.certificates";

    /// <summary>The draft is done and closed.</summary>
    public const string Closed = "copy.closed";

    /// <summary>The draft is the database.</summary>
    public const string Published = "copy.published";
}
