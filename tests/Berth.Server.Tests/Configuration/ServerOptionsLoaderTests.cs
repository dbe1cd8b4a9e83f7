using Berth.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Berth.Server.Tests.Configuration;

public sealed class ServerOptionsLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("berth-options-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Without_any_setting_the_defaults_of_the_launch_contract_hold()
    {
        var options = Load(new ServeArguments()).Options;
        Assert.Equal("./data", options.Data);
        Assert.Equal("127.0.0.1:5000", options.Http.Listen.ToString());
        Assert.Equal("127.0.0.1:5443", options.Https.Listen.ToString());
        Assert.Equal("berth.localhost", options.Registry.Domain);
        Assert.Equal("local", options.Registry.DefaultRegistry);
        Assert.Equal(TimeSpan.FromSeconds(30), options.Shutdown.DrainTimeout);
        Assert.Equal(TimeSpan.FromHours(24), options.Registry.Lifecycle.Grace);
    }

    [Fact]
    public void Flags_win_over_variables_variables_over_the_file_and_the_file_over_defaults()
    {
        var file = Write("""
            { "Data": "/file", "Domain": "file.example", "Http": { "Listen": "127.0.0.1:1" }, "Logging": { "Level": "Warning" } } // a comment
            """);
        var (options, unknown) = Load(
            new ServeArguments(Data: "/flag", Config: file), ("BERTH_Data", "/variable"), ("BERTH_Domain", "variable.example"));
        Assert.Equal("/flag", options.Data);
        Assert.Equal("variable.example", options.Registry.Domain);
        Assert.Equal("127.0.0.1:1", options.Http.Listen.ToString());
        Assert.Equal(LogLevel.Warning, options.Logging.Level);
        Assert.Equal("127.0.0.1:5443", options.Https.Listen.ToString());
        Assert.Empty(unknown);
    }

    [Fact]
    public void A_variable_names_a_nested_setting_with_two_underscores_in_any_case()
    {
        var options = Load(
            new ServeArguments(), ("BERTH_HTTP__ALLOWREMOTE", "True"), ("BERTH_Telemetry__Otlp__Endpoint", "http://127.0.0.1:4317"),
            ("BERTH_Distribution__AllowSparseIndexes", "true"), ("BERTH_Lifecycle__Grace", "90m")).Options;
        Assert.True(options.Http.AllowRemote);
        Assert.Equal(new Uri("http://127.0.0.1:4317"), options.Telemetry.Otlp.Endpoint);
        Assert.True(options.Registry.Distribution.AllowSparseIndexes);
        Assert.Equal(TimeSpan.FromMinutes(90), options.Registry.Lifecycle.Grace);
    }

    [Fact]
    public void Variables_and_keys_that_no_option_has_are_named_and_known_other_variables_are_not()
    {
        var file = Write("""{ "Http": { "Lisen": "127.0.0.1:1" } }""");
        var (_, unknown) = Load(
            new ServeArguments(Config: file), ("BERTH_Storge__Kind", "FileSystem"), ("BERTH_OWNER_PASSWORD", "x"), ("BERTH_LONG", "1"),
            ("BERTH_CONFIG_DIR", "/tmp"), ("PATH", "/bin"));
        Assert.Equal(["BERTH_Storge__Kind", $"Http:Lisen in {file}"], unknown);
    }

    [Theory]
    [InlineData("BERTH_Storage__Kind", "Tape", "BERTH_Storage__Kind is 'Tape'; allowed is FileSystem or S3 or AzureBlob.")]
    [InlineData("BERTH_Storage__Kind", "S3", "Storage:S3:Bucket is ''; allowed with Storage:Kind")]
    [InlineData("BERTH_Metadata__Kind", "Oracle", "BERTH_Metadata__Kind is 'Oracle'; allowed is Sqlite or Postgres.")]
    [InlineData("BERTH_Metadata__Kind", "Postgres", "Metadata:ConnectionString and Metadata:ConnectionStringFile")]
    [InlineData("BERTH_Http__AllowRemote", "maybe", "BERTH_Http__AllowRemote is 'maybe'; allowed is true or false.")]
    [InlineData("BERTH_Http__Listen", "5000", "BERTH_Http__Listen is '5000'; allowed is ADDRESS:PORT")]
    [InlineData("BERTH_Http__Listen", "127.0.0.1:65536", "BERTH_Http__Listen is '127.0.0.1:65536'")]
    [InlineData("BERTH_Http__Listen", "0.0.0.0:5000", "Http:Listen (--http) is '0.0.0.0:5000'")]
    [InlineData("BERTH_Http__Listen", "*:5000", "Http:AllowRemote")]
    [InlineData("BERTH_Http__Listen", "127.0.0.1:5443", "two different ports")]
    [InlineData("BERTH_Outbound__AllowedNetworks__0", "10.0.0.0/33", "BERTH_Outbound__AllowedNetworks__0 is '10.0.0.0/33'; allowed is networks such as 10.0.0.0/8")]
    [InlineData("BERTH_Http__TrustedProxies", "10.0.0.0/33", "BERTH_Http__TrustedProxies is '10.0.0.0/33'")]
    [InlineData("BERTH_Https__PublicPort", "65536", "allowed is a number from 0 to 65535.")]
    [InlineData("BERTH_Shutdown__DrainTimeout", "30", "BERTH_Shutdown__DrainTimeout is '30'; allowed is a duration from 0s to 1d.")]
    [InlineData("BERTH_Shutdown__DrainTimeout", "2d", "from 0s to 1d")]
    [InlineData("BERTH_Shutdown__DrainTimeout", "-00:00:01", "from 0s to 1d")]
    [InlineData("BERTH_Memory__BlockSize", "1", "from 4096 to 1048576")]
    [InlineData("BERTH_Telemetry__Otlp__Endpoint", "ftp://x", "an http or https address")]
    [InlineData("BERTH_Telemetry__Otlp__SampleRatio", "NaN", "a number from 0 to 1")]
    [InlineData("BERTH_Logging__Level", "7", "allowed is Trace or Debug")]
    [InlineData("BERTH_Identity__CredentialMemory", "5m", "a duration from 0s to 1m")]
    [InlineData("BERTH_Lifecycle__Interval", "0s", "from 100ms to 1d")]
    [InlineData("BERTH_Distribution__MaxOpenUploads", "0", "a number from 1 to 10000000")]
    [InlineData("BERTH_Domain", "Upper.Example", "Domain is 'Upper.Example'")]
    [InlineData("BERTH_Domain", "example.org:5443", "without a port")]
    [InlineData("BERTH_DefaultRegistry", "portal", "none of arm, login, graph, data, portal")]
    [InlineData("BERTH_DefaultRegistry", "abcd", "5 to 50")]
    [InlineData("BERTH_Network__TrustedCallers", "10.0.0.0/33", "BERTH_Network__TrustedCallers is '10.0.0.0/33'")]
    [InlineData("BERTH_Network__PrivateListeners", "10.0.0.5:443", "allowed is ADDRESS:PORT=REGISTRY")]
    [InlineData("BERTH_Network__PrivateListeners", "10.0.0.5=team1", "allowed is ADDRESS:PORT=REGISTRY")]
    [InlineData("BERTH_Network__PrivateListeners", "10.0.0.5:0=team1", "allowed is ADDRESS:PORT=REGISTRY")]
    [InlineData("BERTH_Network__PrivateListeners", "0.0.0.0:443=team1", "allowed is ADDRESS:PORT=REGISTRY")]
    [InlineData("BERTH_Network__PrivateListeners", "localhost:443=team1", "allowed is ADDRESS:PORT=REGISTRY")]
    [InlineData("BERTH_Network__PrivateListeners", "10.0.0.5:443=Team1", "allowed is ADDRESS:PORT=REGISTRY")]
    [InlineData("BERTH_Network__PrivateListeners", "10.0.0.5:443=team1,10.0.0.5:443=team2", "'10.0.0.5:443' twice")]
    [InlineData("BERTH_Network__PrivateListeners", "127.0.0.1:5443=team1", "where Https:Listen ('127.0.0.1:5443') listens already")]
    [InlineData("BERTH_Tls__Key", "/key.pem", "Tls:Certificate is not")]
    public void An_invalid_value_is_refused_with_the_setting_the_value_and_what_is_allowed(string variable, string value, string expected)
    {
        var refusal = Assert.Throws<CannotStartException>(() => Load(new ServeArguments(), (variable, value)));
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_flag_is_named_as_the_flag_it_is()
    {
        var refusal = Assert.Throws<CannotStartException>(() => Load(new ServeArguments(Http: "nowhere")));
        Assert.StartsWith("--http is 'nowhere'; allowed is", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_listeners_off_is_refused() =>
        Assert.Contains("both none", Assert.Throws<CannotStartException>(() => Load(new ServeArguments(Http: "none", Https: "none"))).Message, StringComparison.Ordinal);

    [Fact]
    public void Every_invalid_value_gets_a_sentence_of_its_own()
    {
        var refusal = Assert.Throws<CannotStartException>(() => Load(new ServeArguments(), ("BERTH_Http__AllowRemote", "1"), ("BERTH_Storage__Kind", "Tape")));
        Assert.Equal(2, refusal.Message.Split(Environment.NewLine).Length);
    }

    [Fact]
    public void A_secret_is_not_repeated_in_the_sentence_that_refuses_it()
    {
        var refusal = Assert.Throws<CannotStartException>(() => Load(new ServeArguments(), ("BERTH_Tls__Password", "")));
        Assert.Contains("a value that is not shown", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_comes_from_commas_or_from_an_array()
    {
        Assert.Equal(["10.0.0.0/8", "127.0.0.1/32"], Proxies(Load(new ServeArguments(), ("BERTH_Http__TrustedProxies", "10.0.0.0/8, 127.0.0.1")).Options));
        Assert.Equal(["10.0.0.0/8", "::1/128"], Proxies(Load(new ServeArguments(Config: Write("""{"Http":{"TrustedProxies":["10.0.0.0/8","::1"]}}"""))).Options));
        Assert.Equal(["10.0.0.0/8"], Proxies(Load(new ServeArguments(), ("BERTH_Http__TrustedProxies__0", "10.0.0.0/8")).Options));
    }

    [Theory]
    [InlineData("BERTH_Http__TrustedProxies__0", "192.168.0.0/16")]
    [InlineData("BERTH_Http__TrustedProxies", "192.168.0.0/16")]
    public void A_list_of_a_later_layer_replaces_the_earlier_one_whole(string variable, string value)
    {
        var file = Write("""{"Http":{"TrustedProxies":["10.0.0.0/8","172.16.0.0/12"]}}""");
        Assert.Equal([value], Proxies(Load(new ServeArguments(Config: file), (variable, value)).Options));
    }

    [Fact]
    public void An_empty_list_takes_the_earlier_one_away()
    {
        var file = Write("""{"Http":{"TrustedProxies":["10.0.0.0/8"]}}""");
        Assert.Empty(Load(new ServeArguments(Config: file), ("BERTH_Http__TrustedProxies", "")).Options.Http.TrustedProxies);
    }

    [Theory]
    [InlineData("{", "is no JSON")]
    [InlineData("[1]", "holds no JSON object")]
    [InlineData("""{"\ud800":1}""", "surrogate")]
    [InlineData("""{"Domain":"\ud800"}""", "surrogate")]
    [InlineData("""{"Http":{"AllowRemote":7}}""", "Http:AllowRemote in")]
    public void A_broken_file_is_refused(string content, string expected) =>
        Assert.Contains(expected, Assert.Throws<CannotStartException>(() => Load(new ServeArguments(Config: Write(content)))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_missing_file_is_refused() =>
        Assert.Contains("cannot be read", Assert.Throws<CannotStartException>(() => Load(new ServeArguments(Config: Path.Combine(_folder, "none.json")))).Message, StringComparison.Ordinal);

    private static IEnumerable<string> Proxies(ServerOptions options) => options.Http.TrustedProxies.Select(n => n.ToString());

    private static (ServerOptions Options, IReadOnlyList<string> Unknown) Load(ServeArguments arguments, params (string Name, string Value)[] variables) =>
        ServerOptionsLoader.Load(arguments, variables.ToDictionary(v => v.Name, v => v.Value));

    private string Write(string json)
    {
        var path = Path.Combine(_folder, "berth.json");
        File.WriteAllText(path, json);
        return path;
    }
}
