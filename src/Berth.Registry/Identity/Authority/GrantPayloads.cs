using System.Text.Json.Serialization;

namespace Berth.Registry.Identity.Authority;

/// <summary>What a family of refresh tokens stands for.</summary>
/// <param name="ClientId">The program that it was given to.</param>
/// <param name="PrincipalId">The person.</param>
/// <param name="Epoch">The person's security epoch at the sign-in.</param>
/// <param name="Scope">What was asked for at the sign-in.</param>
/// <param name="Current">The hash of the one token that is good, in hexadecimal.</param>
internal sealed record RefreshPayload(string ClientId, long PrincipalId, long Epoch, string Scope, string Current);

/// <summary>The shapes of what the authority keeps with its grants.</summary>
[JsonSerializable(typeof(RefreshPayload))]
internal sealed partial class GrantPayloads : JsonSerializerContext;
