namespace Berth.Registry.Management;

/// <summary>Where resources are, as clients write it: "westeurope" and "West Europe" are the same place. A resource stays where it was made.</summary>
internal static class Place
{
    /// <summary>Whether two names of places mean the same one.</summary>
    public static bool AreSame(string one, string other) => Plain(one).Equals(Plain(other), StringComparison.OrdinalIgnoreCase);

    /// <summary>What a client is told that would move a resource.</summary>
    public static ManagementException CannotMove(string code, string what, string from, string to) => new(409, code, $"{what} is in '{from}' and cannot be moved to '{to}'.");

    private static string Plain(string place) => place.Replace(" ", "", StringComparison.Ordinal);
}
