using System.Security.Cryptography;
using System.Text;

namespace Berth.Registry.Tests.Hosting;

/// <summary>A password's hash of few iterations: what most tests are about is not how slow it is, and each of them starts a host.</summary>
internal static class QuickHash
{
    private const int Iterations = 1_000;

    public static string Of(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        var hash = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, Iterations, HashAlgorithmName.SHA256, 32);
        return $"pbkdf2-sha256${Iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}";
    }
}
