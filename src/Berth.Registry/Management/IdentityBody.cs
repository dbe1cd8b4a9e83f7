using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Management;

/// <summary>What a client wants a registry's identities to be.</summary>
/// <param name="Own">Whether it has one of its own; null leaves that.</param>
/// <param name="Attached">Which others are attached to it; null leaves them.</param>
internal sealed record IdentityBody(bool? Own, AttachmentChange? Attached)
{
    private const string Path = "identity.userAssignedIdentities";
    private const int MostAttached = 50;

    /// <summary>Reads <c>identity</c> of a registry's body.</summary>
    /// <param name="identity">The property.</param>
    /// <param name="isWhole">Whether the identities that are named are all that are to be attached; else they come to those that are, and null takes one away.</param>
    public static IdentityBody Read(ResourceBody identity, bool isWhole)
    {
        var type = identity.Only("type", "principalId", "tenantId", "userAssignedIdentities").Text("type");
        var named = identity.Object("userAssignedIdentities");
        var attach = named.Properties.Select(entry => ReadEntry(named, entry)).Distinct().ToList();
        var detach = named.Nulls.Select(ScopeText.Parse).Except(attach).ToList();
        if (attach.Count > MostAttached) throw ManagementException.Bad("TooManyIdentities", $"'{Path}' names {attach.Count} identities; {MostAttached} may be attached to a registry.");
        if (type is null)
        {
            return attach.Count + detach.Count == 0
                ? new IdentityBody(null, null)
                : throw ManagementException.BadContent($"'{Path}' needs 'identity.type' beside it: 'UserAssigned' or 'SystemAssigned, UserAssigned'.");
        }

        var (own, others) = ReadType(type);
        if (others && isWhole && attach.Count == 0) throw Missing();
        if (!others && attach.Count > 0)
            throw ManagementException.Bad("InvalidIdentityType", $"'identity.type' is '{ManagementException.Shorten(type)}', with which '{Path}' may name none.");
        return new IdentityBody(own, others ? new AttachmentChange(isWhole, attach, detach) : new AttachmentChange(true, [], []));
    }

    /// <summary>The error for a type that says that identities are attached while none is.</summary>
    public static ManagementException Missing() =>
        ManagementException.Bad("MissingIdentityIds", $"'identity.type' says that identities are attached, so '{Path}' names at least one by its id.");

    private static ResourceScope ReadEntry(ResourceBody named, JsonProperty entry)
    {
        named.Object(entry.Name).Only("principalId", "clientId");
        return ScopeText.Parse(entry.Name);
    }

    private static (bool Own, bool Others) ReadType(string type) => type.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant() switch
    {
        "NONE" => (false, false),
        "SYSTEMASSIGNED" => (true, false),
        "USERASSIGNED" => (false, true),
        "SYSTEMASSIGNED,USERASSIGNED" => (true, true),
        _ => throw ManagementException.Bad(
            "InvalidIdentityType", $"'identity.type' is 'SystemAssigned', 'UserAssigned', 'SystemAssigned, UserAssigned' or 'None', not '{ManagementException.Shorten(type)}'."),
    };
}
