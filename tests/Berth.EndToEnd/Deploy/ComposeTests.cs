using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Berth.EndToEnd.Harness;
using Berth.Testing;
using Berth.Testing.ObjectServers;

namespace Berth.EndToEnd.Deploy;

/// <summary>The compose files: read by the real docker-compose, and three nodes with their settings behind the real balancer.</summary>
public sealed class ComposeTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("berth-compose-");

    [Theory]
    [InlineData("single")]
    [InlineData("cluster")]
    public async Task Docker_compose_reads_it_each_setting_is_one_that_there_is_and_each_file_is_there(string kind)
    {
        string[] arguments = kind == "cluster" ? ["--cluster"] : [];
        var compose = await ComposeFolder.PrepareAsync(Path.Combine(_folder.FullName, kind), arguments);
        var reference = HelmChart.Reference();
        var nodes = 0;
        foreach (var service in compose.Services)
        {
            Assert.All(ComposeFolder.Mounted(service.Value), file => Assert.True(File.Exists(file), file));
            if (!service.Value.GetProperty("image").GetString()!.EndsWith("berth/server:1", StringComparison.Ordinal)) continue;
            nodes++;
            var variables = compose.Variables(service.Name);
            Assert.Equal(32, variables["BERTH_OWNER_PASSWORD"].Length);
            foreach (var name in variables.Keys.Where(name => name != "BERTH_OWNER_PASSWORD"))
                Assert.Contains(name["BERTH_".Length..].Replace("__", ":", StringComparison.Ordinal), reference);
        }

        Assert.Equal(kind == "cluster" ? 3 : 1, nodes);

        // Secrets are this person's alone, and a second run does not replace those of volumes that stand.
        foreach (var file in Directory.EnumerateFiles(compose.Path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var again = await Tool.RunAsync(Path.Combine(Repository.Root, "deploy", "compose", "prepare"), ["--image", "localhost/berth/server:1", compose.Path], Repository.Root);
        Assert.Equal(1, again.Status);
        Assert.Contains("is not empty", again.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Three_nodes_behind_the_balancer_take_pushes_while_one_of_them_ends()
    {
        var (haproxy, curl, skopeo) = (Tool.Require("haproxy"), Tool.Require("curl"), Tool.Require("skopeo"));
        if (BuiltProgram.Server is null) Tool.Lacking("There is no built berth-server.");
        if ((PostgresServer.Lacking ?? Azurite.Lacking) is { } lacking) Tool.Lacking(lacking);
        var compose = await ComposeFolder.PrepareAsync(Path.Combine(_folder.FullName, "cluster"), "--cluster");
        var key = compose.Variables("store")["AZURITE_ACCOUNTS"].Split(':')[1];
        using var store = await Azurite.StartAsync("berth", key);
        var made = await Tool.RunAsync(curl, [.. compose.Command("container").Select(word => word.Replace("store:10000", store.Endpoint.Authority, StringComparison.Ordinal)), "--fail"], _folder.FullName);
        made.Succeeded();

        var database = await PostgresServer.GetAsync();
        var name = await database.CreateDatabaseAsync(null, CancellationToken.None);
        await using var first = Node(compose, "node1", database.ConnectionString(name, database.Port), store);
        await using var second = Node(compose, "node2", database.ConnectionString(name, database.Port), store);
        await using var third = Node(compose, "node3", database.ConnectionString(name, database.Port), store);
        ServerProcess[] nodes = [first, second, third];
        await Task.WhenAll(nodes.Select(node => node.StartAsync(TimeSpan.FromSeconds(90))));

        var port = FreePorts.FirstOf(1);
        using var balancer = Tool.Start(haproxy, ["-f", await ConfigurationAsync(compose, nodes, port), "-db"], _folder.FullName);
        try
        {
            await UntilListeningAsync(port);
            var image = ImageLayout.Small(Directory.CreateDirectory(Path.Combine(_folder.FullName, "layout")).FullName);
            var certificates = Directory.CreateDirectory(Path.Combine(_folder.FullName, "certificates")).FullName;
            File.Copy(Path.Combine(compose.Path, "tls", "ca.pem"), Path.Combine(certificates, "ca.crt"));
            var password = compose.Variables("node1")["BERTH_OWNER_PASSWORD"];
            async Task PushAsync(int number) => (await Tool.RunAsync(
                skopeo,
                ["copy", "-q", "--dest-cert-dir", certificates, "--dest-creds", $"owner:{password}", image.Reference, $"docker://localhost:{port}/demo/app{number}:1"],
                _folder.FullName)).Succeeded();

            await PushAsync(0);
            var stopping = first.StopAsync(TimeSpan.FromSeconds(60));
            for (var number = 1; !stopping.IsCompleted || number < 6; number++) await PushAsync(number);
            Assert.Equal(0, await stopping);
            await PushAsync(100);

            // Nodes believe the balancer, and the balancer passes nothing on that a client says of itself.
            var forged = await Tool.RunAsync(
                curl, ["-s", "-i", "--cacert", Path.Combine(compose.Path, "tls", "ca.pem"), "-H", "X-Forwarded-Host: elsewhere.example", $"https://localhost:{port}/v2/"], _folder.FullName);
            Assert.Contains("realm=\"https://localhost", forged.Succeeded().Output, StringComparison.Ordinal);
        }
        finally
        {
            balancer.Kill();
            await balancer.WaitForExitAsync();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>A process with the settings of a service; what names another service names the test's own.</summary>
    private static ServerProcess Node(ComposeFolder compose, string service, string database, Azurite store)
    {
        var settings = compose.Variables(service);
        settings["BERTH_Metadata__ConnectionString"] = database;
        settings["BERTH_Storage__AzureBlob__Endpoint"] = store.Endpoint.ToString();
        settings["BERTH_Http__TrustedProxies"] = "127.0.0.0/8";
        return new ServerProcess(BuiltProgram.Server!, service, settings, password: settings["BERTH_OWNER_PASSWORD"]);
    }

    /// <summary>The balancer's configuration, with the test's own addresses and files and the user that runs it.</summary>
    private async Task<string> ConfigurationAsync(ComposeFolder compose, ServerProcess[] nodes, int port)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(compose.Path, "haproxy.cfg"));
        foreach (var (index, node) in nodes.Index())
            text = text.Replace($"node{index + 1}:5000", node.Endpoint.Authority, StringComparison.Ordinal);
        text = text.Replace("bind :5443", $"bind 127.0.0.1:{port}", StringComparison.Ordinal)
            .Replace("/usr/local/etc/haproxy/berth.pem", Path.Combine(compose.Path, "tls", "berth.pem"), StringComparison.Ordinal);
        if (!Environment.IsPrivilegedProcess)
            text = text.Replace("  user haproxy\n  group haproxy\n", "", StringComparison.Ordinal);
        var file = Path.Combine(_folder.FullName, "haproxy.cfg");
        await File.WriteAllTextAsync(file, text);
        return file;
    }

    private static async Task UntilListeningAsync(int port)
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(100);
            }
        }

        Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"The balancer does not listen on {port}."));
    }
}
