using System.Security.Cryptography;
using System.Text;
using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Directory;

/// <summary>The calls that give an application a secret and take it away. A secret is made here, shown once, and kept as its hash.</summary>
internal sealed class ApplicationCredentialCalls(ICredentials credentials, DirectoryObjects objects, TimeProvider time)
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const int SecretLength = 44;
    private const int HintLength = 3;
    private const int UsualYears = 2;
    private const int MostYears = 100;

    /// <summary>The calls.</summary>
    public IReadOnlyList<GraphRoute> Routes =>
    [
        new("POST", "applications/{}/addPassword", GraphNeed.Write, AddAsync),
        new("POST", "servicePrincipals/{}/addPassword", GraphNeed.Write, AddAsync),
        new("POST", "applications/{}/removePassword", GraphNeed.Write, RemoveAsync),
        new("POST", "servicePrincipals/{}/removePassword", GraphNeed.Write, RemoveAsync),
    ];

    /// <summary>The refusal of a credential that was not added.</summary>
    public static GraphException NotAdded(CreateOutcome outcome, PrincipalRecord record) => outcome switch
    {
        CreateOutcome.TooMany => GraphException.BadRequest(
            $"'{GraphJson.DisplayNameOf(record)}' has {ICredentials.MostCredentials} credentials, which is as many as may be; remove one first."),
        CreateOutcome.Unknown => GraphException.NotFound("application", record.ObjectId),
        _ => GraphException.Taken("The credential's id is taken; try again."),
    };

    private async Task AddAsync(GraphCall call)
    {
        var record = await objects.ChangeableAsync(call.Values[0], call.Aborted);
        var asked = (await call.ReadBodyAsync()).Object("passwordCredential");
        var now = time.GetUtcNow();
        if (asked?.Time("startDateTime") > now.AddMinutes(5))
            throw GraphException.BadRequest("The property 'passwordCredential.startDateTime' must not lie ahead: a secret is good from now on.");
        var end = asked?.Time("endDateTime") ?? now.AddYears(UsualYears);
        if (end <= now || end > now.AddYears(MostYears))
            throw GraphException.BadRequest($"The property 'passwordCredential.endDateTime' must lie ahead, by {MostYears} years at most.");

        var text = RandomNumberGenerator.GetString(Alphabet, SecretLength);
        var secret = new CredentialRecord(Guid.CreateVersion7(time.GetUtcNow()).ToString(), CredentialKind.Secret, now)
        {
            DisplayName = asked?.Text("displayName"),
            Hint = text[..HintLength],
            SecretHash = SHA256.HashData(Encoding.UTF8.GetBytes(text)),
            ExpiresAt = end,
        };
        if (await credentials.PutCredentialAsync(record.Id, secret, call.Caller, call.Aborted) is var outcome && outcome != CreateOutcome.Created)
            throw NotAdded(outcome, record);
        await call.AnswerAsync(StatusCodes.Status200OK, json => GraphJson.Secret(json, secret, text));
    }

    private async Task RemoveAsync(GraphCall call)
    {
        var record = await objects.ChangeableAsync(call.Values[0], call.Aborted);
        var keyId = (await call.ReadBodyAsync()).RequiredText("keyId").ToLowerInvariant();
        var standing = await credentials.ListCredentialsAsync(record.Id, call.Aborted);
        if (!standing.Any(c => c.KeyId == keyId && c.Kind == CredentialKind.Secret)
            || !await credentials.RemoveCredentialAsync(record.Id, keyId, call.Caller, call.Aborted))
            throw GraphException.NotFound("secret with the keyId", keyId);
        await call.DoneAsync();
    }
}
