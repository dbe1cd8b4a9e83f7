using Berth.Testing;

namespace Berth.EndToEnd.Harness;

/// <summary>A server of its own for one test class, and a folder with the home of the clients that talk to it.</summary>
public class ServerFixture : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("berth-clients-");
    private string? _lacking;

    /// <summary>The server.</summary>
    public ServerProcess Server { get; private set; } = null!;

    /// <summary>A client with the owner's credentials.</summary>
    public RegistryClient Client { get; private set; } = null!;

    /// <summary>Where it answers.</summary>
    public RegistryEndpoint Endpoint => Server.Endpoint;

    /// <summary>A folder for files of the tests.</summary>
    public string Folder => _folder.FullName;

    /// <summary>The file in which skopeo, podman and buildah keep their credentials.</summary>
    public string AuthFile => Path.Combine(Folder, "auth.json");

    /// <summary>The environment of clients: nothing of the person who runs the tests is touched.</summary>
    internal Dictionary<string, string> ClientEnvironment { get; } = [];

    /// <summary>Settings of the server, by the names of their environment variables.</summary>
    protected virtual IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>();

    /// <summary>The server's data folder; null lets the server's process make one.</summary>
    protected virtual string? Data => null;

    /// <inheritdoc/>
    public virtual async ValueTask InitializeAsync()
    {
        var executable = BuiltProgram.Server;
        if (executable is null)
        {
            _lacking = "There is no built berth-server.";
            return;
        }

        foreach (var name in (string[])["HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "TMPDIR"])
        {
            ClientEnvironment[name] = Directory.CreateDirectory(Path.Combine(Folder, "home", name.ToLowerInvariant())).FullName;
        }

        ClientEnvironment["REGISTRY_AUTH_FILE"] = AuthFile;
        Server = new ServerProcess(executable, GetType().Name, Settings, Data);
        Client = new RegistryClient(Server.Endpoint);
        await Server.StartAsync(TimeSpan.FromSeconds(60));
        await File.WriteAllTextAsync(AuthFile, "{\"auths\":{\"" + Endpoint.Authority + "\":{\"auth\":\"" + Endpoint.PasswordHeader["Basic ".Length..] + "\"}}}");
    }

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Client?.Dispose();
        if (Server is not null) await Server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>Skips the test where no server was built, or fails it on continuous integration.</summary>
    public void RequireServer()
    {
        if (_lacking is not null) Tool.Lacking(_lacking);
    }

    /// <summary>Ends the server in order and starts it again on the same data and ports.</summary>
    public async Task RestartAsync()
    {
        Assert.Equal(0, await Server.StopAsync(TimeSpan.FromSeconds(40)));
        await Server.StartAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Runs a client in the folder.</summary>
    internal Task<ToolResult> RunAsync(string tool, params string[] arguments) => Tool.RunAsync(Tool.Require(tool), arguments, Folder, ClientEnvironment);

    /// <summary>Runs a client in the folder and gives it something to read.</summary>
    internal Task<ToolResult> RunWithInputAsync(string input, string tool, params string[] arguments) =>
        Tool.RunAsync(Tool.Require(tool), arguments, Folder, ClientEnvironment, input);
}
