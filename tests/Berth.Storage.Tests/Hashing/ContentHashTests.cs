using System.Buffers;
using Berth.Oci;
using Berth.Storage.Hashing;

namespace Berth.Storage.Tests.Hashing;

public sealed class ContentHashTests
{
    private static readonly Gen<DigestAlgorithm> Algorithms = Gen.Bool.Select(wide => wide ? DigestAlgorithm.Sha512 : DigestAlgorithm.Sha256);
    private static readonly Gen<byte[]> Contents = Gen.Byte.Array[0, 1000];

    [Fact]
    public void The_machines_libcrypto_can_export_its_state() => Assert.True(ContentHash.CanSaveState);

    [Theory]
    [InlineData(DigestAlgorithm.Sha256)]
    [InlineData(DigestAlgorithm.Sha512)]
    public void Nothing_hashes_to_the_digest_of_nothing(DigestAlgorithm algorithm)
    {
        using var hash = ContentHash.Create(algorithm);
        Assert.Equal(Digest.Compute(algorithm, []), hash.Finish());
    }

    [Fact]
    public void Content_split_anywhere_hashes_as_a_whole() =>
        Gen.Select(Algorithms, Contents, Gen.Int[0, 1000].Array[0, 10], Gen.Bool).Sample((algorithm, content, cuts, fallback) =>
        {
            using var hash = fallback ? ContentHash.CreateFallback(algorithm) : ContentHash.Create(algorithm);
            foreach (var (from, to) in Pieces(content.Length, cuts)) hash.Append(content.AsSpan(from, to - from));
            Assert.Equal(content.Length, hash.Length);
            Assert.Equal(Digest.Compute(algorithm, content), hash.Finish());
        });

    [Fact]
    public void A_state_saved_and_restored_anywhere_goes_on_to_the_same_digest() =>
        Gen.Select(Algorithms, Contents, Gen.Int[0, 1000].Array[0, 10]).Sample((algorithm, content, cuts) =>
        {
            var hash = ContentHash.Create(algorithm);
            foreach (var (from, to) in Pieces(content.Length, cuts))
            {
                hash.Append(content.AsSpan(from, to - from));
                var state = hash.SaveState();
                Assert.NotNull(state);
                hash.Append([1, 2, 3]);
                hash = ContentHash.TryRestore(algorithm, state);
                Assert.NotNull(hash);
                Assert.Equal(to, hash.Length);
            }

            Assert.Equal(Digest.Compute(algorithm, content), hash.Finish());
        });

    [Fact]
    public void A_restored_state_counts_past_four_gigabits()
    {
        var block = new byte[64 << 20];
        using var whole = ContentHash.Create(DigestAlgorithm.Sha256);
        for (var i = 0; i < 10; i++) whole.Append(block);
        using var restored = ContentHash.TryRestore(DigestAlgorithm.Sha256, whole.SaveState());
        Assert.NotNull(restored);
        Assert.Equal(10L * block.Length, restored.Length);
        Assert.Equal(whole.Finish(), restored.Finish());
    }

    [Fact]
    public void A_state_that_does_not_fit_is_refused_and_never_harms() =>
        Gen.Select(Algorithms, Contents, Gen.Int[0, 9], Gen.Byte[1, 255]).Sample((algorithm, content, at, flip) =>
        {
            using var hash = ContentHash.Create(algorithm);
            hash.Append(content);
            var state = hash.SaveState()!;
            state[at] ^= flip;
            Assert.Null(ContentHash.TryRestore(algorithm, state));
        });

    [Fact]
    public void A_damaged_fill_or_count_is_refused()
    {
        foreach (var algorithm in (DigestAlgorithm[])[DigestAlgorithm.Sha256, DigestAlgorithm.Sha512])
        {
            using var hash = ContentHash.Create(algorithm);
            hash.Append(new byte[77]);
            var good = hash.SaveState()!;
            foreach (var fromEnd in (int[])[8, 7, 6, 5, 4, 3, 2, 1])
            {
                var bad = good.ToArray();
                bad[^fromEnd] ^= 0x40;
                Assert.Null(ContentHash.TryRestore(algorithm, bad));
            }

            var longer = good.ToArray();
            longer[10]++;
            Assert.Null(ContentHash.TryRestore(algorithm, longer));
        }
    }

    [Fact]
    public void States_of_the_other_algorithm_and_foreign_bytes_are_refused()
    {
        using var hash = ContentHash.Create(DigestAlgorithm.Sha256);
        Assert.Null(ContentHash.TryRestore(DigestAlgorithm.Sha512, hash.SaveState()));
        Gen.Byte.Array[0, 300].Sample(bytes => ContentHash.TryRestore(DigestAlgorithm.Sha256, bytes) is null);
    }

    [Fact]
    public void The_fallback_has_no_state_to_save()
    {
        using var hash = ContentHash.CreateFallback(DigestAlgorithm.Sha512);
        hash.Append("abc"u8);
        Assert.Null(hash.SaveState());
        Assert.Equal(Digest.Compute(DigestAlgorithm.Sha512, "abc"u8), hash.Finish());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hash_that_was_looked_at_goes_on(bool fallback)
    {
        using var hash = fallback ? ContentHash.CreateFallback(DigestAlgorithm.Sha256) : ContentHash.Create(DigestAlgorithm.Sha256);
        hash.Append("ab"u8);
        Assert.Equal(Digest.Compute(DigestAlgorithm.Sha256, "ab"u8), hash.Peek());
        hash.Append("c"u8);
        Assert.Equal(Digest.Compute(DigestAlgorithm.Sha256, "abc"u8), hash.Peek());
        Assert.Equal(Digest.Compute(DigestAlgorithm.Sha256, "abc"u8), hash.Finish());
        Assert.Throws<ObjectDisposedException>(() => hash.Peek());
    }

    [Fact]
    public void A_finished_hash_takes_nothing_more()
    {
        using var hash = ContentHash.Create(DigestAlgorithm.Sha256);
        hash.Finish();
        Assert.Throws<ObjectDisposedException>(() => hash.Append("x"u8));
        Assert.Throws<ObjectDisposedException>(() => hash.SaveState());
        Assert.Throws<ObjectDisposedException>(() => hash.Finish());
    }

    [Fact]
    public void An_unknown_algorithm_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ContentHash.Create((DigestAlgorithm)3));
        Assert.Throws<ArgumentOutOfRangeException>(() => ContentHash.TryRestore(0, default));
    }

    private static IEnumerable<(int From, int To)> Pieces(int length, int[] cuts)
    {
        var from = 0;
        foreach (var cut in cuts.Where(cut => cut < length).Append(length).Order())
        {
            yield return (from, cut);
            from = cut;
        }
    }
}
