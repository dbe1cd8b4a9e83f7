namespace Berth.Registry.ApiReference;

/// <summary>What the names in braces of the API's paths stand for.</summary>
internal static class PathNames
{
    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        ["name"] = "A repository's name; it may hold slashes.",
        ["reference"] = "A tag, or a digest.",
        ["digest"] = "A digest, such as sha256: and 64 hexadecimal digits.",
        ["tag"] = "A tag.",
        ["id"] = "An upload session's id, as its Location header says it.",
        ["scope"] = "A resource's id without the slash at its front; it holds slashes. Left out, with its slash, it is everything.",
        ["subscription"] = "The installation's subscription, as /.well-known/berth names it.",
        ["group"] = "A resource group, or a group of the directory.",
        ["registry"] = "A registry's name.",
        ["tenant"] = "The installation's tenant, as /.well-known/berth names it; or common, or organizations.",
        ["provider"] = "A resource provider, such as Microsoft.ContainerRegistry.",
        ["map"] = "A scope map's name.",
        ["token"] = "The name of a registry's token.",
        ["identity"] = "A managed identity's name.",
        ["credential"] = "The name of a federated credential.",
        ["role"] = "A role's id, a GUID.",
        ["assignment"] = "A role assignment's id, a GUID.",
        ["lock"] = "A lock's name.",
        ["tagsName"] = "default.",
        ["deleted"] = "The name of a deleted registry, as their list has it.",
        ["linkGroup"] = "The part of a registry that is reached privately: registry.",
        ["rule"] = "A lifecycle rule's name.",
        ["plan"] = "The id of a preview or a run of lifecycle rules, a number.",
        ["connectionName"] = "The name of a private endpoint's connection.",
    };

    /// <summary>What a name is; of one that is not listed, that it is a name.</summary>
    public static string Describe(string name) => Known.GetValueOrDefault(name) ?? $"The name, or the id, of the {Words(name)}.";

    private static string Words(string name) => string.Concat((name.EndsWith("Name", StringComparison.Ordinal) ? name[..^4] : name)
        .Select(c => char.IsAsciiLetterUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));
}
