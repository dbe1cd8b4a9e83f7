using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Clients;

/// <summary>A server whose default registry has a dedicated data endpoint, and programs that find both hosts.</summary>
public sealed class DataEndpointFixture : ServerFixture
{
    /// <summary>The host of the data endpoint, without a port.</summary>
    public const string DataHost = "local.home.data.berth.localhost";

    /// <summary>The registry's own name.</summary>
    public string Registry => $"local.berth.localhost:{Port}";

    /// <summary>The folder with the certificate that vouches for the server, as skopeo and podman take it.</summary>
    public string Certificates => Path.Combine(Folder, "certificates");

    private string Port => Server.Https.Split(':')[1];

    private LocalNames Names { get; set; } = null!;

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        if (Server is null) return;

        Names = await LocalNames.WriteAsync(Folder, "local", "local.home.data");
        Directory.CreateDirectory(Certificates);
        File.Copy(Path.Combine(Server.Data, "tls", "ca.pem"), Path.Combine(Certificates, "ca.crt"));
        await File.WriteAllTextAsync(AuthFile, "{\"auths\":{\"" + Registry + "\":{\"auth\":\"" + Endpoint.PasswordHeader["Basic ".Length..] + "\"}}}");
        using var control = await ControlClient.SignInAsync(Endpoint.Address, Endpoint.User, Endpoint.Password);
        var properties = (await control.ArmAsync("PATCH", control.Scope(), new { properties = new { dataEndpointEnabled = true } })).GetProperty("properties");
        Assert.Equal($"{DataHost}:{Port}", Assert.Single(properties.GetProperty("dataEndpointHostNames").EnumerateArray()).GetString());
    }

    /// <summary>Runs a client for which the hosts' names resolve.</summary>
    internal Task<ToolResult> RunNamedAsync(string tool, IEnumerable<string> arguments, Dictionary<string, string>? environment = null)
    {
        var (path, line) = Names.Command(tool, arguments);
        return Tool.RunAsync(path, line, Folder, environment ?? ClientEnvironment);
    }
}
