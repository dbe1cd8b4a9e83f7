using System.Net;

namespace Berth.Bench.Servers;

/// <summary>Berth as a person starts it: access control on, everything durable, default settings but for those that are given.</summary>
internal sealed class BerthServer(string launcher, string folder, IReadOnlyDictionary<string, string>? settings = null) : RegistryServer("berth", folder)
{
    public override IPEndPoint TlsTarget { get; } = ServerProcess.FreeAddress();

    protected override string ReadyPath => "/healthz/ready";

    protected override ServerProcess Launch() => Launch(
        new Dictionary<string, string>(settings ?? new Dictionary<string, string>()) { ["BERTH_OWNER_PASSWORD"] = Password },
        launcher, "serve", "--data", Folder, "--http", $"{Requests.Target}", "--https", $"{TlsTarget}");
}
