using System.Text;
using Berth.Registry.Identity;

namespace Berth.Registry.Tests.Identity;

public sealed class PasswordHashTests
{
    [Fact]
    public void A_password_verifies_against_its_own_hash_only()
    {
        var hash = PasswordHash.Create("a correct password");

        Assert.True(PasswordHash.Verify(hash, "a correct password"u8));
        Assert.False(PasswordHash.Verify(hash, "a correct passwore"u8));
        Assert.False(PasswordHash.Verify(hash, []));
        Assert.DoesNotContain("correct", hash, StringComparison.Ordinal);
    }

    [Fact]
    public void Controls_make_no_password()
    {
        var hash = PasswordHash.Create("a password");

        Assert.False(PasswordHash.Verify(hash, "a password\0"u8));
        Assert.Throws<ArgumentException>(() => PasswordHash.Create("a\0b"));
    }

    [Fact]
    public void Two_hashes_of_one_password_differ() => Assert.NotEqual(PasswordHash.Create("same"), PasswordHash.Create("same"));

    [Fact]
    public void A_password_is_never_cut()
    {
        var longest = new string('a', PasswordHash.MaxPasswordBytes);
        var hash = PasswordHash.Create(longest);

        Assert.True(PasswordHash.Verify(hash, Encoding.UTF8.GetBytes(longest)));
        Assert.False(PasswordHash.Verify(hash, Encoding.UTF8.GetBytes(longest + "a")));
        Assert.Throws<ArgumentException>(() => PasswordHash.Create(longest + "a"));
        Assert.Throws<ArgumentException>(() => PasswordHash.Create(""));
    }

    [Fact]
    public void Nothing_verifies_against_the_hash_of_no_password() => Assert.False(PasswordHash.Verify(PasswordHash.OfNoPassword, ""u8));
}
