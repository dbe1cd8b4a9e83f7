using Berth.Cli;
using Berth.Cli.Credentials;

// Container tools start their helper under a name of its own: a link to this program. A managed program's own arguments hold no such name; the system's do.
var name = File.Exists("/proc/self/cmdline") ? File.ReadAllText("/proc/self/cmdline").Split('\0')[0] : Environment.GetCommandLineArgs()[0];
return await BerthCommand.RunAsync(Path.GetFileName(name) == DockerCredentialCommand.ProgramName ? ["docker-credential", .. args] : args);
