namespace Berth.Server;

/// <summary>The exit codes of the server program; docs/reference/exit-codes.md names them.</summary>
internal static class ExitCodes
{
    /// <summary>It did what was asked.</summary>
    public const int Success = 0;

    /// <summary>It failed in a way that more than one sentence is needed for; what went wrong stands on stderr.</summary>
    public const int Failure = 1;

    /// <summary>It could not start: a setting, an argument, a port, or the data folder; one sentence on stderr says which and what to do.</summary>
    public const int CannotStart = 2;

    /// <summary>A backup or a restore is finished, but blobs that its rows named were lost before it; each is named.</summary>
    public const int BlobsLost = 3;
}
