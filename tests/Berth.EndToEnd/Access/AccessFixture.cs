using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Access;

/// <summary>A server with its names, its owner signed in to the control plane, and an issuer whose tokens it may look at.</summary>
public partial class AccessFixture : ContainerdFixture
{
    private readonly Dictionary<string, string> _settings = [];

    /// <summary>The issuer.</summary>
    internal TestIssuer Issuer { get; private set; } = null!;

    /// <summary>The control plane, as the owner.</summary>
    internal ControlClient Control { get; private set; } = null!;

    /// <summary>Programs for which the server's names resolve.</summary>
    internal LocalNames Names { get; private set; } = null!;

    /// <summary>One credential of each kind, once a test has made them.</summary>
    internal IReadOnlyList<Login>? Logins { get; set; }

    /// <summary>The certificate that vouches for the server.</summary>
    public string Authority => Path.Combine(Server.Data, "tls", "ca.pem");

    /// <summary>The default registry's own name.</summary>
    public string RegistryName => $"local.berth.localhost:{Port}";

    /// <summary>The port of HTTPS, which is part of every name.</summary>
    public string Port => Server.Https.Split(':')[1];

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings => _settings;

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        var certificate = Path.Combine(Folder, "issuer.pem");
        Issuer = new TestIssuer(certificate);
        _settings["BERTH_Outbound__AllowedNetworks__0"] = "127.0.0.0/8";
        _settings["BERTH_Outbound__TrustedCertificates__0"] = certificate;
        await base.InitializeAsync();
        if (Server is null) return;

        Control = await ControlClient.SignInAsync(Endpoint.Address, Endpoint.User, Endpoint.Password);
        Names = await LocalNames.WriteAsync(Folder, "local", "arm", "login", "graph", "second");
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Control?.Dispose();
        await base.DisposeAsync();
        if (Issuer is not null) await Issuer.DisposeAsync();
    }

    /// <summary>An HTTP client as a program on this machine has it: the server's names resolve, and its authority is trusted.</summary>
    internal HttpClient NewHttpClient()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(Authority);
        return new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            CookieContainer = new CookieContainer(),
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
    }

    /// <summary>Lets a device in, as a person does in a browser: opens the page, enters the code, and signs in.</summary>
    internal async Task AllowDeviceAsync(string page, string code, string user, string password)
    {
        using var browser = NewHttpClient();
        var html = await browser.GetStringAsync(page);
        html = await SubmitAsync(html, ("user_code", code));
        Assert.Contains(code, html, StringComparison.OrdinalIgnoreCase);
        await SubmitAsync(html, ("user_code", code), ("username", user), ("password", password), ("decision", "allow"));

        async Task<string> SubmitAsync(string from, params (string Name, string Value)[] fields)
        {
            var token = ("form_token", FormToken().Match(from).Groups[1].Value);
            using var form = new FormUrlEncodedContent(fields.Append(token).Select(f => KeyValuePair.Create(f.Item1, f.Item2)));
            using var answer = await browser.PostAsync(page, form);
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.IsSuccessStatusCode, text);
            return text;
        }
    }

    [GeneratedRegex("name=\"form_token\" value=\"([0-9a-f]+)\"")]
    private static partial Regex FormToken();
}
