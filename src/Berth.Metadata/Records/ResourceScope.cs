namespace Berth.Metadata;

/// <summary>
/// A place in the tree of resources, where roles are assigned: a resource's ARM id in lower case without a slash at its end, or "/" for
/// everything.
/// </summary>
public readonly record struct ResourceScope
{
    private const string Registries = "/providers/microsoft.containerregistry/registries/";
    private const string Identities = "/providers/microsoft.managedidentity/userassignedidentities/";

    private readonly string? _value;

    private ResourceScope(string value) => _value = value;

    /// <summary>Everything.</summary>
    public static ResourceScope Root => default;

    /// <summary>The scope's text.</summary>
    public string Value => _value ?? "/";

    /// <summary>The scope of an ARM id; case does not matter, nor do slashes at its end.</summary>
    /// <exception cref="FormatException">It does not begin with a slash, or has an empty part.</exception>
    public static ResourceScope Parse(string id)
    {
        var value = id.TrimEnd('/').ToLowerInvariant();
        if (value.Length == 0) return id.Length == 0 ? throw new FormatException("A scope is not empty.") : Root;
        if (value[0] != '/' || value.Contains("//", StringComparison.Ordinal)) throw new FormatException($"'{id}' is no scope: it is no resource's id.");
        return new ResourceScope(value);
    }

    /// <summary>A subscription.</summary>
    public static ResourceScope OfSubscription(string subscriptionId) => Parse($"/subscriptions/{subscriptionId}");

    /// <summary>A resource group.</summary>
    public static ResourceScope OfResourceGroup(string subscriptionId, string resourceGroup) =>
        Parse($"/subscriptions/{subscriptionId}/resourcegroups/{resourceGroup}");

    /// <summary>A registry.</summary>
    public static ResourceScope OfRegistry(string subscriptionId, string resourceGroup, string name) =>
        Parse($"{OfResourceGroup(subscriptionId, resourceGroup).Value}{Registries}{name}");

    /// <summary>A user-assigned managed identity.</summary>
    public static ResourceScope OfIdentity(string subscriptionId, string resourceGroup, string name) =>
        Parse($"{OfResourceGroup(subscriptionId, resourceGroup).Value}{Identities}{name}");

    /// <summary>Whether this scope is the other one or holds it.</summary>
    public bool Contains(ResourceScope other) =>
        _value is null || other._value == _value || (other._value?.StartsWith(_value + "/", StringComparison.Ordinal) ?? false);

    /// <summary>Every scope that holds this one, the widest first, and this one last.</summary>
    public IReadOnlyList<ResourceScope> SelfAndAbove()
    {
        var scopes = new List<ResourceScope> { Root };
        if (_value is null) return scopes;

        for (var slash = _value.IndexOf('/', 1); slash > 0; slash = _value.IndexOf('/', slash + 1)) scopes.Add(new ResourceScope(_value[..slash]));
        scopes.Add(this);
        return scopes;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
