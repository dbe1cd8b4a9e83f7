using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>A client that signs in docker's way and keeps the login, each login in a file of its own.</summary>
internal sealed class LoginClient(AccessFixture fixture, string name)
{
    private const string Plain = "--tls-verify=false";

    /// <summary>The repository of the two that it can pull from: helm pulls charts, the others images.</summary>
    public string Repository(string folder) => $"{folder}/{(name == "helm" ? "chart" : "app")}";

    /// <summary>Signs in and keeps it. ctr keeps nothing, it is told each time.</summary>
    public async Task<ToolResult?> LoginAsync(Login login)
    {
        string[] account = ["-u", login.User, "--password-stdin"];
        return name switch
        {
            "ctr" => null,
            "helm" => await Tool.RunAsync(await HelmBinary.RequireAsync(), ["registry", "login", Host, "--plain-http", .. account], fixture.Folder, Helm(login), login.Password),
            "skopeo" => await fixture.RunWithInputAsync(login.Password, name, ["login", "--authfile", AuthFile(login), Plain, .. account, Host]),
            _ => await fixture.RunWithInputAsync(login.Password, name, [.. Storage, "login", "--authfile", AuthFile(login), Plain, .. account, Host]),
        };
    }

    /// <summary>Pulls with a kept login.</summary>
    public async Task<ToolResult> PullAsync(Login login, string repository)
    {
        var folder = Directory.CreateDirectory(Path.Combine(fixture.Folder, Content.Name())).FullName;
        var image = $"{Host}/{repository}:1.0.0";
        return name switch
        {
            "ctr" => await fixture.CtrAsync("content", "fetch", "--plain-http", "--user", $"{login.User}:{login.Password}", image),
            "helm" => await Tool.RunAsync(
                await HelmBinary.RequireAsync(), ["pull", $"oci://{Host}/{repository}", "--version", "1.0.0", "--plain-http", "-d", folder], fixture.Folder, Helm(login)),
            "skopeo" => await fixture.RunAsync(name, "copy", "-q", "--src-authfile", AuthFile(login), "--src-tls-verify=false", $"docker://{image}", $"dir:{folder}"),
            "buildah" => await fixture.RunAsync(name, [.. Storage, "pull", "-q", "--policy", "always", "--authfile", AuthFile(login), Plain, image]),
            _ => await fixture.RunAsync(name, [.. Storage, "pull", "-q", "--authfile", AuthFile(login), Plain, image]),
        };
    }

    private string Host => fixture.Endpoint.Authority;

    private string[] Storage => ["--root", Path.Combine(fixture.Folder, "storage"), "--runroot", Path.Combine(fixture.Folder, "run"), "--storage-driver", "vfs"];

    private string AuthFile(Login login) => Path.Combine(fixture.Folder, $"{name}-{login.User}.json");

    private Dictionary<string, string> Helm(Login login) => new(fixture.ClientEnvironment) { ["HELM_REGISTRY_CONFIG"] = AuthFile(login) };
}
