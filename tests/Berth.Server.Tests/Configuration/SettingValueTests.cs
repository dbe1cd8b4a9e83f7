using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Reflection;
using Berth.Server.Configuration;

namespace Berth.Server.Tests.Configuration;

public sealed class SettingValueTests
{
    [Theory]
    [InlineData("0s", 0)]
    [InlineData("90s", 90_000)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("250ms", 250)]
    [InlineData("7d", 604_800_000)]
    [InlineData("00:01:30", 90_000)]
    [InlineData("1.00:00:00", 86_400_000)]
    public void Durations_are_read(string text, long milliseconds)
    {
        Assert.True(SettingValue.TryParse(typeof(TimeSpan), text, out var value));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("s")]
    [InlineData("1e9d")]
    [InlineData("99999999d")]
    [InlineData("25:61")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(SettingValue.TryParse(typeof(TimeSpan), text, out _));

    [Fact]
    public void Every_duration_survives_its_text_form() =>
        Gen.Long[0, TimeSpan.FromDays(300).Ticks / TimeSpan.TicksPerMillisecond].Sample(milliseconds =>
        {
            var duration = TimeSpan.FromMilliseconds(milliseconds);
            Assert.True(SettingValue.TryParse(typeof(TimeSpan), SettingValue.Text(duration), out var value));
            Assert.Equal(duration, value);
        });

    [Theory]
    [InlineData("127.0.0.1:5000", false)]
    [InlineData("localhost:5000", false)]
    [InlineData("[::1]:5000", false)]
    [InlineData("none", false)]
    [InlineData("0.0.0.0:5000", true)]
    [InlineData("[::]:5000", true)]
    [InlineData("192.0.2.7:5000", true)]
    [InlineData("*:5000", true)]
    public void Listening_addresses_are_read_and_know_whether_others_reach_them(string text, bool remote)
    {
        Assert.True(ListenAddress.TryParse(text, out var address));
        Assert.Equal(remote, address.IsRemote);
        Assert.Equal(text, address.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(":5000")]
    [InlineData("5000")]
    [InlineData("::1:5000")]
    [InlineData("[127.0.0.1]:5000")]
    [InlineData("example.org:5000")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("127.0.0.1:70000")]
    [InlineData("127.0.0.1:")]
    [InlineData("localhost:0")]
    public void What_is_no_listening_address_is_refused(string text) => Assert.False(ListenAddress.TryParse(text, out _));

    [Fact]
    public void Hostile_texts_are_refused_or_read_but_never_throw()
    {
        Type[] types = [typeof(string), typeof(bool), typeof(int), typeof(long), typeof(double), typeof(TimeSpan), typeof(Uri), typeof(IPNetwork), typeof(ListenAddress), typeof(StorageKind)];
        Gen.Select(Gen.String, Gen.Int[0, types.Length - 1]).Sample((text, type) => SettingValue.TryParse(types[type], text, out _) || true);
    }

    [Fact]
    public void Every_default_lies_in_its_own_range()
    {
        Check(new ServerOptions());

        static void Check(object section)
        {
            foreach (var property in section.GetType().GetProperties().Where(p => p.CanWrite))
            {
                var value = property.GetValue(section);
                if (OptionsBinder.IsSection(property.PropertyType))
                    Check(value!);
                else if (value is not null && property.GetCustomAttribute<RangeAttribute>() is { } range)
                    Assert.True(SettingValue.IsInRange(value, range), property.Name);
            }
        }
    }
}
