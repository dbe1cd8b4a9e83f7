using System.Net;
using Berth.Registry.Network;

namespace Berth.Registry.Tests.Network;

/// <summary>Sets of addresses: how they are written, and which addresses they hold.</summary>
public sealed class AddressSetTests
{
    // Few bits differ, so that blocks often hold each other and addresses often lie at their edges.
    private static readonly Gen<IPAddress> Addresses = Gen.OneOf<IPAddress>(Bytes(4), Bytes(16), Gen.Byte.Array[4].Select(last => new IPAddress(last).MapToIPv6()));

    private static readonly Gen<IPNetwork> Networks = Gen.Select(Gen.OneOf<IPAddress>(Bytes(4), Bytes(16)), Gen.Int[0, 32], Gen.Bool, (address, length, isLong) =>
    {
        var bytes = address.GetAddressBytes();
        var bits = bytes.Length == 4 || !isLong ? length : 128 - length;
        for (var bit = bits; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), bits);
    });

    [Fact]
    public void A_set_holds_the_addresses_that_one_of_its_blocks_holds() => Gen.Select(Networks.Array[0, 12], Addresses.Array[12]).Sample(
        (networks, addresses) =>
        {
            var set = new AddressSet(networks.Select(Parse));
            foreach (var address in addresses.Concat(networks.SelectMany(Edges)))
            {
                var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
                Assert.Equal(networks.Any(network => network.Contains(plain)), set.Contains(AddressBlock.Of(address)));
            }
        },
        iter: Effort.Iterations(2_000));

    [Fact]
    public void A_block_is_the_same_from_a_setting_as_from_its_text() => Networks.Sample(
        network => Assert.Equal(Parse(network), AddressBlock.Of(network)), iter: Effort.Iterations(1_000));

    [Fact]
    public void An_IPv4_address_is_the_same_within_IPv6()
    {
        var set = new AddressSet([Parse("::ffff:10.0.0.0/104"), Parse("::ffff:192.0.2.1"), Parse("2001:db8::/32")]);
        Assert.All(["10.255.255.255", "::ffff:10.0.0.1", "192.0.2.1", "2001:db8:ffff::"], text => Assert.True(set.Contains(AddressBlock.Of(IPAddress.Parse(text))), text));
        Assert.All(["11.0.0.0", "192.0.2.2", "::10.0.0.1", "2001:db9::"], text => Assert.False(set.Contains(AddressBlock.Of(IPAddress.Parse(text))), text));
        Assert.False(new AddressSet([Parse("::/0")]).Contains(AddressBlock.Of(IPAddress.Parse("::ffff:10.0.0.1"))));
        Assert.False(AddressSet.None.Contains(AddressBlock.Of(IPAddress.Loopback)));
        Assert.True(set.Contains(Parse("2001:db8:1::/48")));
        Assert.False(set.Contains(Parse("2001::/16")));
    }

    [Fact]
    public void A_block_that_is_given_twice_counts_once_and_stays_as_it_was_written_first() => Assert.Equal(
        ["10.0.0.1", "10.0.0.0/8"], new AddressSet([Parse("10.0.0.1"), Parse("10.0.0.0/8"), Parse("10.0.0.1/32")]).Blocks.Select(block => block.Text));

    [Theory]
    [InlineData("")]
    [InlineData(" 10.0.0.1")]
    [InlineData("10.0.0.1 ")]
    [InlineData("10.0.0")]
    [InlineData("10.0.0.256")]
    [InlineData("10.0.0.1.2")]
    [InlineData("010.0.0.1")]
    [InlineData("0x0a.0.0.1")]
    [InlineData("167772161")]
    [InlineData("10.0.0.1/33")]
    [InlineData("10.0.0.1/-1")]
    [InlineData("10.0.0.1/")]
    [InlineData("10.0.0.1/ 8")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("10.0.0.0/255.0.0.0")]
    [InlineData("10.0.0.1:80")]
    [InlineData("::1/129")]
    [InlineData("1::2::3")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("::ffff:010.0.0.1")]
    [InlineData("localhost")]
    [InlineData("*")]
    [InlineData("AzureCloud")]
    [InlineData("１０.0.0.1")]
    public void What_is_no_address_or_network_is_refused(string text)
    {
        Assert.False(AddressBlock.TryParse(text, out _, out var fault));
        Assert.StartsWith("is no address or network", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.1.2.3/8", "10.0.0.0/8")]
    [InlineData("10.1.2.3/0", "0.0.0.0/0")]
    [InlineData("203.0.113.255/31", "203.0.113.254/31")]
    [InlineData("2001:db8::1/32", "2001:db8::/32")]
    [InlineData("::ffff:10.0.0.1/104", "::ffff:10.0.0.0/104")]
    public void A_network_with_bits_behind_its_prefix_is_refused_and_the_one_that_it_is_in_named(string text, string meant)
    {
        Assert.False(AddressBlock.TryParse(text, out _, out var fault));
        Assert.Contains($"write {meant} ", fault, StringComparison.Ordinal);
    }

    private static AddressBlock Parse(IPNetwork network) => Parse(network.ToString());

    private static AddressBlock Parse(string text) => AddressBlock.TryParse(text, out var block, out var fault) ? block : throw new FormatException($"{text} {fault}");

    private static Gen<IPAddress> Bytes(int count) => Gen.OneOf<byte>(0, 1, 127, 128, 254, 255).Array[count].Select(bytes => new IPAddress(bytes))
        .Where(address => !address.IsIPv4MappedToIPv6);

    // The first and the last address of a network, and those beside it.
    private static IEnumerable<IPAddress> Edges(IPNetwork network)
    {
        var first = network.BaseAddress.GetAddressBytes();
        var last = network.BaseAddress.GetAddressBytes();
        for (var bit = network.PrefixLength; bit < last.Length * 8; bit++) last[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return [new IPAddress(first), new IPAddress(last), new IPAddress(Step(first, -1)), new IPAddress(Step(last, 1))];
    }

    private static byte[] Step(byte[] bytes, int by)
    {
        var stepped = bytes.ToArray();
        for (var i = stepped.Length - 1; i >= 0; i--)
        {
            stepped[i] = (byte)(stepped[i] + by);
            if (stepped[i] != (by < 0 ? byte.MaxValue : 0)) break;
        }

        return stepped;
    }
}
