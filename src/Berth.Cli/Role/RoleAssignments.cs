using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Role;

/// <summary>The calls about role assignments.</summary>
internal static class RoleAssignments
{
    private const string Collection = "/providers/Microsoft.Authorization/roleAssignments";
    private const string Version = "2022-04-01";

    /// <summary>Makes an assignment.</summary>
    public static Task<JsonElement> PutAsync(ApiSession session, Wanted wanted, CancellationToken cancellationToken) => session.ArmAsync(
        HttpMethod.Put, $"{wanted.Scope.TrimEnd('/')}{Collection}/{wanted.Id ?? Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString()}", Version,
        json =>
        {
            json.WriteStartObject("properties"u8);
            json.WriteString("roleDefinitionId"u8, wanted.RoleId);
            json.WriteString("principalId"u8, wanted.PrincipalId);
            json.TextIfAny("principalType", wanted.PrincipalType);
            json.TextIfAny("condition", wanted.Condition);
            if (wanted.Condition is not null) json.WriteString("conditionVersion"u8, "2.0"u8);
            json.TextIfAny("description", wanted.Description);
            json.WriteEndObject();
        },
        cancellationToken);

    /// <summary>The assignments that have an effect at the scope, or, with all, those below it, too.</summary>
    public static async Task<IReadOnlyList<JsonElement>> ListAsync(
        ApiSession session, string scope, string? principalId, bool all, CancellationToken cancellationToken)
    {
        var filter = principalId is not null ? $"&$filter=principalId%20eq%20{ApiCommand.Quote(principalId)}" : all ? "" : "&$filter=atScope()";
        var found = await session.ArmListAsync($"{scope.TrimEnd('/')}{Collection}", Version, cancellationToken, filter);
        return [.. found.Select(assignment => assignment.Flat())];
    }

    /// <summary>Deletes an assignment by its full id.</summary>
    public static Task<JsonElement> DeleteAsync(ApiSession session, string id, CancellationToken cancellationToken) =>
        session.ArmAsync(HttpMethod.Delete, id, Version, null, cancellationToken);

    /// <summary>An assignment to be made.</summary>
    /// <param name="Scope">Where.</param>
    /// <param name="RoleId">The role's full id.</param>
    /// <param name="PrincipalId">The principal's object id.</param>
    /// <param name="PrincipalType">What the principal is; null when that is not known.</param>
    public sealed record Wanted(string Scope, string RoleId, string PrincipalId, string? PrincipalType)
    {
        /// <summary>The assignment's GUID, or null for a new one.</summary>
        public string? Id { get; init; }

        /// <summary>The condition, or null.</summary>
        public string? Condition { get; init; }

        /// <summary>What it is for, or null.</summary>
        public string? Description { get; init; }
    }
}
