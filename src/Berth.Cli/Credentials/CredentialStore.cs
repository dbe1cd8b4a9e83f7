using System.Text.Json;
using System.Text.Json.Serialization;
using Berth.Cli.Session;

namespace Berth.Cli.Credentials;

/// <summary>User names and passwords that container tools asked to keep, in a file beside the session.</summary>
internal static class CredentialStore
{
    private const string Name = "credentials.json";

    /// <summary>What is kept, by server.</summary>
    /// <exception cref="ClientException">The file cannot be read.</exception>
    public static async Task<Dictionary<string, StoredCredential>> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await PrivateFile.ReadAsync(Name, CredentialJson.Default.DictionaryStringStoredCredential, cancellationToken) ?? [];
        }
        catch (JsonException)
        {
            throw new ClientException($"{PrivateFile.PathOf(Name)} cannot be read; delete it, and log in to the registries again.");
        }
    }

    /// <summary>Keeps a credential, or with null forgets the one that is kept.</summary>
    /// <exception cref="ClientException">The file cannot be written.</exception>
    public static async Task WriteAsync(string server, StoredCredential? credential, CancellationToken cancellationToken)
    {
        using var held = await PrivateFile.LockAsync(cancellationToken);
        var all = await ReadAsync(cancellationToken);
        if (credential is not null) all[server] = credential;
        else if (!all.Remove(server)) return;
        await PrivateFile.WriteAsync(Name, all, CredentialJson.Default.DictionaryStringStoredCredential, cancellationToken);
    }
}

/// <summary>A user name and its password.</summary>
/// <param name="Username">The user name.</param>
/// <param name="Secret">The password.</param>
internal sealed record StoredCredential(string Username, string Secret);

/// <summary>Reads and writes the credentials as JSON without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(Dictionary<string, StoredCredential>))]
internal sealed partial class CredentialJson : JsonSerializerContext;
