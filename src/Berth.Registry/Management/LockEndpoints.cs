using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.Metadata;

namespace Berth.Registry.Management;

/// <summary>Locks of resources: what must not be deleted, or not be changed either, on the control plane. Content is pushed and pulled all the same.</summary>
internal sealed partial class LockEndpoints(IResourceLocks locks, AssignmentPlaces places)
{
    /// <summary>What the actions on locks begin with; a lock never keeps anybody from these, or nobody could take one away.</summary>
    public const string Action = "Microsoft.Authorization/locks/";

    private const string Path = "{scope}/providers/Microsoft.Authorization/locks";
    private const int MaxNotes = 512;

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<LockEndpoints>("locks.list", "GET", Path, Action + "read", (e, r) => e.ListAsync(r)),
        ManagementRoute.Of<LockEndpoints>("locks.get", "GET", Path + "/{lock}", Action + "read", (e, r) => e.GetAsync(r)),
        ManagementRoute.Of<LockEndpoints>("locks.put", "PUT", Path + "/{lock}", Action + "write", (e, r) => e.PutAsync(r)),
        ManagementRoute.Of<LockEndpoints>("locks.delete", "DELETE", Path + "/{lock}", Action + "delete", (e, r) => e.DeleteAsync(r)),
    ];

    // What has its effect here comes first, then what is within, as with role assignments.
    private async Task ListAsync(ManagementRequest request)
    {
        var atScope = ListFilter.Parse(request.Query("$filter")).Only("atScope").Names.Any();
        try
        {
            if (request.After is not { } after || after.StartsWith("above|", StringComparison.Ordinal))
            {
                var above = await locks.ListResourceLocksAsync(
                    request.Scope, ScopeReach.AtOrAbove, request.After?["above|".Length..], ManagementRequest.PageSize, request.Aborted);
                await request.WriteListAsync(above.Items, Write, above.More ? $"above|{above.Last}" : atScope ? null : "below|");
                return;
            }

            var key = after.StartsWith("below|", StringComparison.Ordinal) ? after["below|".Length..] : throw new FormatException(after);
            var below = await locks.ListResourceLocksAsync(request.Scope, ScopeReach.AtOrBelow, key.Length == 0 ? null : key, ManagementRequest.PageSize, request.Aborted);
            await request.WriteListAsync(below.Items.Where(held => held.Scope != request.Scope), Write, below.More ? $"below|{below.Last}" : null);
        }
        catch (FormatException)
        {
            throw ManagementException.Bad("InvalidSkipToken", "The $skiptoken is none that a nextLink held; ask for the list from its start.");
        }
    }

    private async Task GetAsync(ManagementRequest request)
    {
        var held = await locks.FindResourceLockAsync(request.Scope, request["lock"], request.Aborted)
            ?? throw new ManagementException(
                404, "LockNotFound", $"There is no lock '{ManagementException.Shorten(request["lock"])}' at '{ScopeText.Write(request.Scope)}'; list them (az lock list).");
        await request.WriteAsync(200, json => Write(json, held));
    }

    private async Task PutAsync(ManagementRequest request)
    {
        if (!LockName().IsMatch(request["lock"])) throw ManagementException.Bad("InvalidLockName", "A lock's name has 1 to 260 characters, and none of < > % & : \\ ? /.");
        var properties = (await request.ReadBodyAsync()).Only("id", "name", "type", "systemData", "properties").Object("properties").Only("level", "notes", "owners");
        if (properties.Objects("owners") is { Count: > 0 })
            throw ManagementException.Bad("FeatureNotSupported", "'properties.owners' may name none: a lock is everybody's who has the right to it. Leave it out.");
        var notes = properties.Text("notes");
        if (notes?.Length > MaxNotes) throw ManagementException.BadContent($"'properties.notes' is longer than {MaxNotes} characters.");
        var level = ReadLevel(properties.RequiredText("level"));
        await places.RequireAsync(request.Scope, request.Installation, request.Aborted);
        if (request.Scope == ResourceScope.Root)
            throw ManagementException.Bad("InvalidLockScope", "A lock is at a subscription, a resource group, a registry or a managed identity, not at everything at once.");

        var put = await locks.PutResourceLockAsync(new ResourceLockRecord(request.Scope, request["lock"], level, notes), request.Caller, request.Aborted);
        switch (put.Outcome)
        {
            case CreateOutcome.Unknown:
                throw ManagementException.NotFound(ScopeText.Write(request.Scope));
            case CreateOutcome.TooMany:
                throw new ManagementException(409, "TooManyLocks", $"A resource has {IResourceLocks.MostLocks} locks at most; delete one first.");
            default:
                await request.WriteAsync(put.Outcome == CreateOutcome.Created ? 201 : 200, json => Write(json, put.Record!));
                break;
        }
    }

    private async Task DeleteAsync(ManagementRequest request)
    {
        var deleted = await locks.DeleteResourceLockAsync(request.Scope, request["lock"], request.Caller, request.Aborted);
        await request.WriteEmptyAsync(deleted is null ? 204 : 200);
    }

    private static ResourceLockLevel ReadLevel(string text) => text.ToUpperInvariant() switch
    {
        "CANNOTDELETE" => ResourceLockLevel.CanNotDelete,
        "READONLY" => ResourceLockLevel.ReadOnly,
        _ => throw ManagementException.Bad("InvalidLockLevel", $"'properties.level' is 'CanNotDelete' or 'ReadOnly', not '{ManagementException.Shorten(text)}'."),
    };

    private static void Write(Utf8JsonWriter json, ResourceLockRecord held)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, ScopeText.Lock(held));
        json.WriteString("name"u8, held.Name);
        json.WriteString("type"u8, "Microsoft.Authorization/locks");
        json.WriteStartObject("properties"u8);
        json.WriteString("level"u8, held.Level.ToString());
        if (held.Notes is not null) json.WriteString("notes"u8, held.Notes);
        json.WriteEndObject();
        json.WriteStartObject("systemData"u8);
        json.WriteString("createdAt"u8, held.Authorship.CreatedAt);
        json.WriteString("createdBy"u8, held.Authorship.CreatedBy);
        json.WriteString("lastModifiedAt"u8, held.Authorship.UpdatedAt);
        json.WriteString("lastModifiedBy"u8, held.Authorship.UpdatedBy);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    [GeneratedRegex(@"^[^<>%&:\\?/\p{Cc}]{1,260}\z", RegexOptions.CultureInvariant)]
    private static partial Regex LockName();
}
