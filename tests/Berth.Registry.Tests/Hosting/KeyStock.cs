using System.Security.Cryptography;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Tests.Hosting;

/// <summary>RSA keys that hosts sign with, each made once in a process: to make one takes as long as most tests. Hosts that run at the same time have different ones.</summary>
internal static class KeyStock
{
    private static readonly Lazy<byte[]>[] Keys = [.. Enumerable.Range(0, 16).Select(_ => new Lazy<byte[]>(Make))];
    private static int _next;

    /// <summary>Adds the first key of each issuer, as the first sign-in would.</summary>
    public static async Task AddToAsync(ISigningKeys rows, DateTimeOffset now)
    {
        foreach (var issuer in new[] { SigningKeys.Registry, SigningKeys.Authority })
        {
            var key = Keys[(uint)Interlocked.Increment(ref _next) % Keys.Length].Value;
            var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            await rows.AddSigningKeyAsync(new SigningKeyRecord(id, issuer, key, now, now), now, CancellationToken.None);
        }
    }

    private static byte[] Make()
    {
        using var rsa = RSA.Create(2048);
        return rsa.ExportPkcs8PrivateKey();
    }
}
