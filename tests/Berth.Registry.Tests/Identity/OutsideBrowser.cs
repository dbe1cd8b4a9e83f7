using System.Net;
using System.Text.RegularExpressions;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Microsoft.AspNetCore.WebUtilities;

namespace Berth.Registry.Tests.Identity;

/// <summary>A browser whose user signs in at a host by way of an outside provider: it keeps cookies and follows what pages say.</summary>
internal sealed partial class OutsideBrowser(RegistryHost host, OutsideProvider provider) : IDisposable
{
    public const string Callback = "/outside/callback";
    public const string Return = "http://localhost:8400/";

    private const string Authorize = "/adfs/oauth2/authorize";
    private const string Verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    private const string Challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    public HttpClient Http { get; } = new(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = host.Client.BaseAddress };

    public static OutsideProviderOptions OptionsOf(OutsideProvider provider) => new()
    {
        Issuer = provider.Name,
        ClientId = OutsideProvider.ClientId,
        ClientSecret = OutsideProvider.Secret,
        Name = "Example & Co",
    };

    public static Task<RegistryHost> HostAsync(OutsideProvider provider, Func<OutsideProviderOptions, OutsideProviderOptions>? change = null)
    {
        var options = OptionsOf(provider);
        return RegistryHost.StartAsync(
            options: new RegistryOptions { Outbound = HttpsServer.Loopback, Identity = new IdentityOptions { Provider = change?.Invoke(options) ?? options } },
            trust: provider.Issuer.Server.Trust);
    }

    /// <summary>The address at the provider that the sign-in page of a program leads to.</summary>
    public async Task<string> LeaveAsync()
    {
        var address = AuthorizeAddress();
        var page = await (await Http.GetAsync(address)).Content.ReadAsStringAsync();
        Assert.Contains("Sign in with Example &amp; Co", page, StringComparison.Ordinal);
        return Outside(await Http.PostAsync(address, Form(page, ("decision", "outside"))));
    }

    /// <summary>Comes back from the provider.</summary>
    public async Task<HttpResponseMessage> ComeBackAsync(string address)
    {
        Assert.StartsWith("https://login.berth.localhost/outside/callback?", address, StringComparison.Ordinal);
        return await Http.GetAsync(new Uri(address).PathAndQuery);
    }

    /// <summary>What a program gets for a sign-in from beginning to end.</summary>
    public async Task<Answer> SignInAsync()
    {
        var back = await ComeBackAsync(provider.Consent(await LeaveAsync()));
        Assert.True(back.StatusCode == HttpStatusCode.SeeOther, await back.Content.ReadAsStringAsync());
        return await RedeemAsync(back);
    }

    /// <summary>What a program gets for the code that its browser brought back.</summary>
    public Task<Answer> RedeemAsync(HttpResponseMessage back)
    {
        Assert.StartsWith(Return, back.Headers.Location!.OriginalString, StringComparison.Ordinal);
        var query = QueryHelpers.ParseQuery(back.Headers.Location.Query);
        Assert.Equal("a state", query["state"]);
        return TokenAsync(
            ("grant_type", "authorization_code"), ("client_id", AuthorityClient.Program), ("code", query["code"]!), ("redirect_uri", Return), ("code_verifier", Verifier));
    }

    public Task<Answer> RefreshAsync(string token) =>
        TokenAsync(("grant_type", "refresh_token"), ("client_id", AuthorityClient.Program), ("refresh_token", token), ("scope", $"{AuthorityClient.Arm}/.default offline_access"));

    public async Task<Answer> TokenAsync(params (string Name, string Value)[] fields) =>
        await Answer.ReadAsync(await Http.PostAsync(AuthorityClient.TokenPath, Fields(fields)));

    /// <summary>The link that a page leads out by, after its automatic way was found to be the same.</summary>
    public static string Outside(HttpResponseMessage page)
    {
        var html = page.Content.ReadAsStringAsync().GetAwaiter().GetResult();
        Assert.True(page.StatusCode == HttpStatusCode.OK, html);
        var link = WebUtility.HtmlDecode(Link().Match(html).Groups[1].Value);
        Assert.Equal($"0;url={link}", page.Headers.GetValues("Refresh").Single());
        return link;
    }

    /// <summary>A form of a page with the values that the user gave.</summary>
    public static FormUrlEncodedContent Form(string html, params (string Name, string Value)[] fields) =>
        Fields([("form_token", FormToken().Match(html).Groups[1].Value), .. fields]);

    public static string AuthorizeAddress() => QueryHelpers.AddQueryString(Authorize, new Dictionary<string, string?>
    {
        ["client_id"] = AuthorityClient.Program,
        ["response_type"] = "code",
        ["redirect_uri"] = Return,
        ["state"] = "a state",
        ["scope"] = $"{AuthorityClient.Arm}/.default openid offline_access",
        ["code_challenge"] = Challenge,
        ["code_challenge_method"] = "S256",
    });

    public void Dispose() => Http.Dispose();

    private static FormUrlEncodedContent Fields((string Name, string Value)[] fields) => new(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));

    [GeneratedRegex("<a href=\"([^\"]+)\"")]
    private static partial Regex Link();

    [GeneratedRegex("name=\"form_token\" value=\"([0-9a-f]+)\"")]
    private static partial Regex FormToken();
}
