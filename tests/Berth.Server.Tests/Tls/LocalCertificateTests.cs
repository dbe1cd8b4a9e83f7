using System.Net;
using System.Security.Cryptography.X509Certificates;
using Berth.Server.Configuration;
using Berth.Server.LocalFiles;
using Berth.Server.Tls;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Server.Tests.Tls;

public sealed class LocalCertificateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("berth-tls-").FullName;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_names_are_the_domain_all_below_it_localhost_the_machine_and_the_loopback_addresses()
    {
        var names = CertificateNames.Of(new ServerOptions(), "MyHost");
        Assert.Equal(["berth.localhost", "*.berth.localhost", "localhost", "myhost"], names.Dns);
        Assert.Equal([IPAddress.Loopback, IPAddress.IPv6Loopback], names.Addresses);
    }

    [Fact]
    public void A_listening_address_of_its_own_is_among_the_names()
    {
        var options = new ServerOptions { Https = new HttpsOptions { Listen = ListenAddress.Of(IPAddress.Parse("192.0.2.7"), 5443) } };
        Assert.Contains(IPAddress.Parse("192.0.2.7"), CertificateNames.Of(options, "h").Addresses);
    }

    [Fact]
    public void A_client_that_trusts_the_ca_accepts_the_certificate_for_each_of_its_names()
    {
        var set = Source().Load();
        Assert.True(Chains(set.Certificate, set.Authority!.Certificate));
        foreach (var name in new[] { "berth.localhost", "local.berth.localhost", "localhost", "myhost", "127.0.0.1", "::1" })
            Assert.True(set.Certificate.MatchesHostname(name), name);
        Assert.False(set.Certificate.MatchesHostname("a.b.berth.localhost"));
        Assert.False(set.Certificate.MatchesHostname("example.org"));
    }

    [Fact]
    public void Keys_are_readable_by_their_owner_alone()
    {
        Source().Load();
        foreach (var key in new[] { TlsFolder.AuthorityKey, TlsFolder.ServerKey })
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "tls", key)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(_folder, "tls")));
    }

    [Fact]
    public void A_second_start_keeps_the_ca_and_the_certificate()
    {
        var first = Source().Load();
        var second = Source().Load();
        Assert.Equal(first.Certificate.Thumbprint, second.Certificate.Thumbprint);
        Assert.Equal(first.Authority!.Certificate.Thumbprint, second.Authority!.Certificate.Thumbprint);
    }

    [Fact]
    public void Another_domain_gets_a_new_certificate_from_the_same_ca()
    {
        var first = Source().Load();
        var second = Source("registry.example").Load();
        Assert.NotEqual(first.Certificate.Thumbprint, second.Certificate.Thumbprint);
        Assert.Equal(first.Authority!.Certificate.Thumbprint, second.Authority!.Certificate.Thumbprint);
        Assert.True(second.Certificate.MatchesHostname("local.registry.example"));
    }

    [Fact]
    public void The_certificate_is_renewed_before_it_ends_and_no_earlier()
    {
        var source = Source();
        var first = source.Load();
        _time.Advance(LocalAuthority.LeafLifetime - LocalCertificateSource.RenewBefore - TimeSpan.FromMinutes(1));
        Assert.False(source.HasChanged());
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.True(source.HasChanged());
        var second = source.Load();
        Assert.True(second.Certificate.NotAfter > first.Certificate.NotAfter.AddDays(200));
        Assert.False(source.HasChanged());
    }

    [Fact]
    public void In_the_last_days_of_the_ca_certificates_end_with_it_and_then_the_start_says_what_to_do()
    {
        var first = Source().Load();
        _time.Advance(TimeSpan.FromDays((365 * LocalAuthority.Years) - 20));
        var source = Source();
        var last = source.Load();
        Assert.Equal(first.Authority!.Certificate.NotAfter, last.Certificate.NotAfter);
        Assert.False(source.HasChanged());
        _time.Advance(TimeSpan.FromDays(30));
        Assert.Contains("ended on", Assert.Throws<CannotStartException>(() => Source().Load()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TlsFolder.AuthorityKey)]
    [InlineData(TlsFolder.AuthorityCertificate)]
    [InlineData(TlsFolder.ServerKey)]
    public void Half_a_pair_stops_the_start_with_what_to_do(string lost)
    {
        Source().Load();
        File.Delete(Path.Combine(_folder, "tls", lost));
        Assert.Contains("remove both", Assert.Throws<CannotStartException>(() => Source().Load()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Torn_files_stop_the_start_with_what_to_do()
    {
        Source().Load();
        File.WriteAllText(Path.Combine(_folder, "tls", TlsFolder.ServerKey), "-----BEGIN PRIV");
        Assert.Contains("cannot be used together", Assert.Throws<CannotStartException>(() => Source().Load()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_deeper_name_gets_a_certificate_on_demand_that_is_kept()
    {
        using var certificates = Certificates();
        var deeper = certificates.Select("Local.EastUS.data.berth.localhost");
        var leaf = deeper.ServerCertificateContext!.TargetCertificate;
        Assert.True(leaf.MatchesHostname("local.eastus.data.berth.localhost"));
        Assert.True(Chains(leaf, Source().Load().Authority!.Certificate));
        Assert.Same(deeper, certificates.Select("local.eastus.data.berth.localhost"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("berth.localhost")]
    [InlineData("local.berth.localhost")]
    [InlineData("a.b.example.org")]
    [InlineData("a.berth.localhost.evil.example")]
    [InlineData("..berth.localhost")]
    [InlineData("a b.c.berth.localhost")]
    public void Any_other_name_gets_the_usual_certificate(string? name)
    {
        using var certificates = Certificates();
        Assert.Same(certificates.Select("localhost"), certificates.Select(name));
    }

    [Fact]
    public void A_client_that_asks_for_ever_new_names_does_not_grow_the_memory_of_them()
    {
        using var certificates = Certificates();
        var first = certificates.Select("x.0.berth.localhost");
        for (var i = 1; i <= 300; i++)
            certificates.Select($"x.{i}.berth.localhost");
        Assert.NotSame(first, certificates.Select("x.0.berth.localhost"));
    }

    private static bool Chains(X509Certificate2 leaf, X509Certificate2 root)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(leaf);
    }

    private ServerCertificates Certificates() =>
        new(Source(), "berth.localhost", TimeSpan.FromSeconds(10), _time, NullLogger<ServerCertificates>.Instance);

    private LocalCertificateSource Source(string domain = "berth.localhost")
    {
        var options = new ServerOptions { Registry = new() { Domain = domain } };
        return new LocalCertificateSource(new TlsFolder(Path.Combine(_folder, "tls")), CertificateNames.Of(options, "myhost"), _time);
    }
}
