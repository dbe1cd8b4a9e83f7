using System.Text.Json.Serialization;
using Berth.Registry.Identity.OutsideAccounts;

namespace Berth.Registry.Identity.Authority;

/// <summary>What a family of refresh tokens stands for.</summary>
/// <param name="ClientId">The program that it was given to.</param>
/// <param name="PrincipalId">The person.</param>
/// <param name="Epoch">The person's security epoch at the sign-in.</param>
/// <param name="Scope">What was asked for at the sign-in.</param>
/// <param name="StartedAt">When the person signed in, in Unix milliseconds.</param>
/// <param name="Seed">What each next token is made with, beside the one before.</param>
/// <param name="Current">The hash of the token that is good, in hexadecimal.</param>
/// <param name="Previous">The hash of the one before, or null.</param>
/// <param name="RenewedAt">When that one was used, in Unix milliseconds.</param>
/// <param name="IsProven">Whether the program proved who it is, as it then must at each renewal.</param>
/// <param name="Outside">What is kept to ask the outside provider again; null for a local account.</param>
internal sealed record RefreshPayload(
    string ClientId, long PrincipalId, long Epoch, string Scope, long StartedAt, byte[] Seed, string Current, string? Previous = null, long RenewedAt = 0,
    bool IsProven = false, OutsideSession? Outside = null);

/// <summary>What a device asked for.</summary>
/// <param name="ClientId">The program on it.</param>
/// <param name="Scope">The scope parameter, or null.</param>
/// <param name="Resource">The resource parameter, or null.</param>
/// <param name="Address">Where it asked from.</param>
/// <param name="PolledAt">When it last asked for the outcome, in Unix milliseconds; 0 for never.</param>
/// <param name="PrincipalId">The person who let it in, or 0.</param>
/// <param name="Epoch">The person's security epoch.</param>
/// <param name="IsProven">Whether the program proved who it is, as it then must when it asks for the outcome.</param>
/// <param name="Outside">What is kept to ask the outside provider again; null for a local account.</param>
internal sealed record DevicePayload(
    string ClientId, string? Scope, string? Resource, string? Address, long PolledAt, long PrincipalId, long Epoch, bool IsProven = false,
    OutsideSession? Outside = null);

/// <summary>What an authorization code stands for.</summary>
/// <param name="ClientId">The program that asked.</param>
/// <param name="RedirectUri">The address that the code was sent to.</param>
/// <param name="Challenge">The hash of the program's secret.</param>
/// <param name="Scope">The scope parameter, or null.</param>
/// <param name="Resource">The resource parameter, or null.</param>
/// <param name="Nonce">What the id token is to repeat, or null.</param>
/// <param name="PrincipalId">The person.</param>
/// <param name="Epoch">The person's security epoch.</param>
/// <param name="Outside">What is kept to ask the outside provider again; null for a local account.</param>
internal sealed record CodePayload(
    string ClientId, string RedirectUri, string Challenge, string? Scope, string? Resource, string? Nonce, long PrincipalId, long Epoch,
    OutsideSession? Outside = null);

/// <summary>What a sign-in with the outside provider is for.</summary>
/// <param name="Request">What a program asked for; null where a device did.</param>
/// <param name="UserCode">The device's short code; null where a program asked.</param>
/// <param name="Browser">The hash of the cookie of the browser that began it, in hexadecimal.</param>
/// <param name="Nonce">What the provider's id token must repeat.</param>
/// <param name="Verifier">The secret whose hash the provider was given.</param>
internal sealed record OutsidePayload(AuthorizationRequest? Request, string? UserCode, string Browser = "", string Nonce = "", string Verifier = "");

/// <summary>The shapes of what the authority keeps with its grants.</summary>
[JsonSerializable(typeof(RefreshPayload))]
[JsonSerializable(typeof(DevicePayload))]
[JsonSerializable(typeof(CodePayload))]
[JsonSerializable(typeof(OutsidePayload))]
internal sealed partial class GrantPayloads : JsonSerializerContext;
