namespace Berth.Server.Migration;

/// <summary>The points of a migration at which <see cref="Oci.ISteps"/> is asked; the moving of the rows has its own.</summary>
internal static class MigrateSteps
{
    /// <summary>The new store has the installation's identity, and nothing else was done.</summary>
    public const string Claimed = "migrate.claimed";

    /// <summary>The bytes are copied.</summary>
    public const string BlobsCopied = "migrate.blobs";

    /// <summary>The folder says that it may not be served, and the target's database has nothing yet.</summary>
    public const string Noted = "migrate.noted";

    /// <summary>Everything is done.</summary>
    public const string Finished = "migrate.finished";
}
