namespace Berth.Metadata;

/// <summary>Someone who may sign in.</summary>
/// <param name="Id">The row.</param>
/// <param name="ObjectId">The GUID that other services know the principal by.</param>
/// <param name="Name">The user name.</param>
/// <param name="PasswordHash">The slow hash of the password in its own text form, or null when there is none.</param>
/// <param name="Epoch">The security epoch: grows with every change of password, state or rights.</param>
/// <param name="Enabled">Whether the principal may sign in.</param>
public sealed record PrincipalRecord(long Id, string ObjectId, string Name, string? PasswordHash, long Epoch, bool Enabled);
