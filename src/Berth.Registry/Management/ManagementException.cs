using Berth.Metadata;

namespace Berth.Registry.Management;

/// <summary>An answer of the control plane that says why not: <c>{"error":{"code","message"}}</c>.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="code">ARM's word for it.</param>
/// <param name="message">What happened, to which thing, and what to do next.</param>
internal sealed class ManagementException(int status, string code, string message) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Status => status;

    /// <summary>ARM's word for it.</summary>
    public string Code => code;

    /// <summary>The resource is not there.</summary>
    public static ManagementException NotFound(string id) => new(404, "ResourceNotFound", $"The resource '{Shorten(id, 600)}' was not found; list its kind to see what there is.");

    /// <summary>The resource group is not there.</summary>
    public static ManagementException GroupNotFound(string group) =>
        new(404, "ResourceGroupNotFound", $"Resource group '{Shorten(group)}' could not be found; create it first (az group create).");

    /// <summary>The subscription is not there, or not for this caller.</summary>
    public static ManagementException SubscriptionNotFound(string subscription) =>
        new(404, "SubscriptionNotFound", $"The subscription '{Shorten(subscription)}' could not be found; this installation has one, which 'az account list' shows.");

    /// <summary>A lock forbids it.</summary>
    public static ManagementException Locked(string scope, ResourceLockRecord held) => new(
        409, "ScopeLocked",
        $"The scope '{scope}' cannot perform {(held.Level == ResourceLockLevel.ReadOnly ? "write or delete" : "delete")} operations: the lock '{ScopeText.Lock(held)}' "
        + $"({held.Level}) forbids it. Delete the lock and try again (az lock delete).");

    /// <summary>The request says something that cannot be.</summary>
    public static ManagementException Bad(string code, string message) => new(400, code, message);

    /// <summary>The body is not what this call takes.</summary>
    public static ManagementException BadContent(string message) => new(400, "InvalidRequestContent", message);

    /// <summary>What a client wrote, short enough to be repeated.</summary>
    public static string Shorten(string text, int most = 200) => ClientText.ShortenVisibly(text, most);
}
