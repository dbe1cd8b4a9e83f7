using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Access;

/// <summary>The Azure CLI, with a folder of its own for what it remembers. Loading it takes two seconds, so it is loaded once.</summary>
internal sealed partial class AzureCli
{
    // Debian 12 pairs azure-cli 2.45 with an azure-mgmt-authorization that is too new for it: `az role` ends before it sends anything, because it asks
    // the operations' classes for `config`, which has become `_config`. This module, which Python loads by its name at start, gives them the old name
    // again. Nothing else of the CLI is touched, and with the pairing of its publisher it has nothing to do.
    private const string Pairing = """
        import importlib.abc, importlib.machinery, re, sys

        NAMES = re.compile(r'azure\.mgmt\.authorization\.v\w+\.operations\._\w*operations$')

        class Finder(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path=None, target=None):
                spec = importlib.machinery.PathFinder.find_spec(name, path, target) if NAMES.match(name) else None
                if spec:
                    load = spec.loader.exec_module
                    def exec_module(module):
                        load(module)
                        for value in vars(module).values():
                            if isinstance(value, type) and value.__name__.endswith('Operations') and not hasattr(value, 'config'):
                                value.config = property(lambda self: self._config)
                    spec.loader.exec_module = exec_module
                return spec

        sys.meta_path.insert(0, Finder())
        """;

    private readonly AccessFixture _fixture;
    private readonly string _home;
    private readonly Dictionary<string, string> _environment;
    private readonly Lazy<AzureCliServer?> _server;

    private AzureCli(AccessFixture fixture, string home)
    {
        _fixture = fixture;
        _home = home;
        _environment = new(fixture.ClientEnvironment)
        {
            ["AZURE_CONFIG_DIR"] = Path.Combine(home, "azure"),
            ["AZURE_CORE_COLLECT_TELEMETRY"] = "0",
            ["AZURE_CORE_NO_COLOR"] = "1",
            ["REQUESTS_CA_BUNDLE"] = fixture.Authority,
            ["PYTHONPATH"] = home,
        };
        _server = new(() => AzureCliServer.Interpreter(Tool.Require("az")) is { } python ? AzureCliServer.Start(python, fixture.Names, home, _environment) : null);
    }

    /// <summary>A CLI that knows the server as a cloud, from the file that the server offers, and that nobody is signed in to.</summary>
    public static async Task<AzureCli> RegisterAsync(AccessFixture fixture, string name)
    {
        Tool.Require("az");
        var home = Directory.CreateDirectory(Path.Combine(fixture.Folder, name)).FullName;
        await File.WriteAllTextAsync(Path.Combine(home, "sitecustomize.py"), Pairing);
        using var http = fixture.NewHttpClient();
        var cloud = Path.Combine(home, "cloud.json");
        await File.WriteAllTextAsync(cloud, await http.GetStringAsync($"https://{fixture.RegistryName}/cloud.json"));
        var cli = new AzureCli(fixture, home);
        (await cli.RunAsync("cloud", "register", "-n", "Berth", "--cloud-config", $"@{cloud}")).Succeeded();
        (await cli.RunAsync("cloud", "set", "-n", "Berth")).Succeeded();
        return cli;
    }

    /// <summary>Another one that knows the same cloud and in which nobody is signed in.</summary>
    public AzureCli Another(string name)
    {
        var other = new AzureCli(_fixture, Directory.CreateDirectory(Path.Combine(_fixture.Folder, name)).FullName);
        var folder = Directory.CreateDirectory(Path.Combine(other._home, "azure")).FullName;
        foreach (var file in (string[])["config", "clouds.config"]) File.Copy(Path.Combine(_home, "azure", file), Path.Combine(folder, file));
        File.Copy(Path.Combine(_home, "sitecustomize.py"), Path.Combine(other._home, "sitecustomize.py"));
        return other;
    }

    /// <summary>Runs a command.</summary>
    public Task<ToolResult> RunAsync(params string[] arguments)
    {
        if (_server.Value is { } server) return server.RunAsync(arguments);
        var (path, line) = _fixture.Names.Command("az", arguments);
        return Tool.RunAsync(path, line, _home, _environment);
    }

    /// <summary>Runs a command that must succeed, and reads what it prints.</summary>
    public async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var result = (await RunAsync([.. arguments, "-o", "json", "--only-show-errors"])).Succeeded();
        return result.Output.Length == 0 ? default : JsonDocument.Parse(result.Output).RootElement;
    }

    /// <summary>Signs a person in by the code that the command says to enter in a browser, and that the person enters there.</summary>
    public async Task<JsonElement> SignInByCodeAsync(string user, string password)
    {
        var (path, line) = _fixture.Names.Command("az", "login", "--use-device-code", "-o", "json");
        using var process = Tool.Start(path, line, _home, _environment);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            var said = "";
            while (!Code().IsMatch(said)) said += await process.StandardError.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException($"az ended: {said}");
            var asked = Code().Match(said);
            await _fixture.AllowDeviceAsync(asked.Groups["page"].Value, asked.Groups["code"].Value, user, password);
            await process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }

        Assert.Equal(0, process.ExitCode);
        return JsonDocument.Parse(await output).RootElement;
    }

    [GeneratedRegex("open the page (?<page>https://\\S+) and enter the code (?<code>[A-Z0-9-]+)")]
    private static partial Regex Code();
}
