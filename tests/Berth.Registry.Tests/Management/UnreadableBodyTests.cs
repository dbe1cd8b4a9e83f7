using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>Bodies with names and texts that JSON can write and nobody can read.</summary>
public sealed class UnreadableBodyTests
{
    [Theory]
    [InlineData("""{"\ud800":1}""")]
    [InlineData("""{"location":"\ud800"}""")]
    [InlineData("""{"location":"local","tags":{"\udc00":"x"}}""")]
    [InlineData("""{"location":"local","properties":{"list":["\ud800"]}}""")]
    public async Task Half_of_a_surrogate_pair_is_refused(string body)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);

        var message = await owner.ExpectErrorAsync(400, "InvalidRequestContent", "PUT", ControlClient.Local, body);

        Assert.Contains("texts can be read", message, StringComparison.Ordinal);
    }
}
