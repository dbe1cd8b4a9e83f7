namespace Berth.Registry.Events;

/// <summary>The names that the diagnostic logs have in Azure: categories, operations, and the one column of ours that a sink reads again.</summary>
public static class DiagnosticColumns
{
    /// <summary>The category of sign-ins.</summary>
    public const string LoginEvents = "ContainerRegistryLoginEvents";

    /// <summary>The category of pushes, pulls and deletions.</summary>
    public const string RepositoryEvents = "ContainerRegistryRepositoryEvents";

    /// <summary>The column with the epoch and the number of the ledger's record that a line is made of, <c>1-4711</c>; null in lines that are made of none.</summary>
    public const string LedgerPosition = "LedgerPosition";

    internal const string Login = "Login";
    internal const string Push = "Push";
    internal const string Pull = "Pull";
    internal const string Untag = "Untag";
    internal const string Delete = "Delete";
    internal const string PurgeTag = "PurgeTag";
    internal const string PurgeManifest = "PurgeManifest";
}
