using Berth.Metadata;

namespace Berth.Registry.Identity;

/// <summary>A registry's admin user: one account named as the registry, off by default.</summary>
public static class AdminUser
{
    /// <summary>The account's name within the registry.</summary>
    public const string Name = "admin";

    /// <summary>The name of the account's row.</summary>
    public static string RowNameOf(RegistryRecord registry) => $"{registry.Name}/{Name}";
}
