namespace Berth.Server.Tls;

internal sealed partial class ServerCertificates
{
    [LoggerMessage(EventIds.CertificateReloaded, LogLevel.Information, "The certificate was loaded anew: {Subject}, valid until {NotAfter:u}")]
    private partial void LogReloaded(string subject, DateTime notAfter);

    [LoggerMessage(EventIds.CertificateKept, LogLevel.Warning, "The certificate's files changed, but cannot be used; the present certificate stays: {Reason}")]
    private partial void LogKept(string reason);
}
