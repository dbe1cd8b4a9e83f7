using Berth.Cli.AzureCli;
using Berth.Cli.Session;

namespace Berth.Cli.Tests.AzureCli;

/// <summary>The line that <c>az setup</c> shows or writes: names that a server says it has, in a file that the whole machine believes.</summary>
public sealed class HostsFileTests
{
    private static readonly Uri Address = new("https://192.0.2.1:5443");

    [Fact]
    public async Task Names_that_do_not_resolve_lead_to_the_installation()
    {
        Assert.Equal("192.0.2.1 login.invalid one.invalid", await LineAsync("login.invalid", "localhost", "one.invalid"));
        Assert.Null(await LineAsync("localhost"));
    }

    [Theory]
    [InlineData("one.invalid\n203.0.113.66 example.com")]
    [InlineData("one.invalid\r")]
    [InlineData("one.invalid two.example.com")]
    [InlineData("one.invalid\texample.com")]
    [InlineData("one.invalid#")]
    [InlineData("éin.invalid")]
    [InlineData("--help")]
    [InlineData(".invalid")]
    [InlineData("")]
    public async Task What_is_no_name_is_refused_and_with_it_all_of_the_line(string name)
    {
        var error = await Assert.ThrowsAsync<ClientException>(() => LineAsync("login.invalid", name));
        Assert.Contains("no host's name", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    private static Task<string?> LineAsync(params string[] names) => HostsFile.LineForAsync(Address, names, TestContext.Current.CancellationToken);
}
