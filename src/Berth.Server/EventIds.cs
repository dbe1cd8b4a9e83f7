namespace Berth.Server;

/// <summary>The event ids of the host's log messages: 1000 to 1099. Ids are never given a second meaning.</summary>
internal static class EventIds
{
    /// <summary>A setting that no option has.</summary>
    public const int UnknownSetting = 1000;

    /// <summary>The server is ready.</summary>
    public const int Ready = 1001;

    /// <summary>The server was told to end and drains.</summary>
    public const int Draining = 1002;

    /// <summary>The server was told to end, and takes requests until its balancer has noticed.</summary>
    public const int LeavingBalancer = 1009;

    /// <summary>Requests were cut off because the drain took too long.</summary>
    public const int DrainTimedOut = 1003;

    /// <summary>A new installation was made in an empty data folder.</summary>
    public const int InstallationCreated = 1004;

    /// <summary>The metadata store can no longer be trusted; the process ends.</summary>
    public const int MetadataFaulted = 1005;

    /// <summary>The owner's password could not be set from the environment; the process ends.</summary>
    public const int OwnerNotSettled = 1007;

    /// <summary>The data folder is on a volume that forgets.</summary>
    public const int VolatileVolume = 1006;

    /// <summary>systemd could not be told about the service.</summary>
    public const int NoticeNotSent = 1008;

    /// <summary>A request that reads was answered.</summary>
    public const int ReadAnswered = 1010;

    /// <summary>A request that writes was answered, or one failed.</summary>
    public const int RequestAnswered = 1011;

    /// <summary>An error that nothing else caught.</summary>
    public const int RequestFailed = 1012;

    /// <summary>The readiness probe found something that does not answer, or something else than before.</summary>
    public const int NotReady = 1020;

    /// <summary>What the readiness probe found not to answer does again.</summary>
    public const int ReadyAgain = 1021;

    /// <summary>The certificate was loaded anew.</summary>
    public const int CertificateReloaded = 1030;

    /// <summary>The certificate's files changed, but cannot be used.</summary>
    public const int CertificateKept = 1031;

    /// <summary>A connection was closed because its address has too many.</summary>
    public const int ConnectionRefused = 1040;
}
