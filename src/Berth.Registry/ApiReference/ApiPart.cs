namespace Berth.Registry.ApiReference;

/// <summary>The address that a part of the API has.</summary>
internal enum ApiServer
{
    /// <summary>Each registry's own name.</summary>
    Registry,

    /// <summary>The control plane's.</summary>
    ControlPlane,

    /// <summary>The authority's.</summary>
    Authority,

    /// <summary>The directory's.</summary>
    Directory,
}

/// <summary>A part of the API: calls at one address that have their credentials and their errors in common.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Server">Where it answers.</param>
/// <param name="Schemes">The ways in which a caller says who it is, any of them; none where nobody is asked.</param>
/// <param name="ErrorSchema">The schema of its errors.</param>
/// <param name="Errors">The statuses of the errors that each of its calls has.</param>
internal sealed record ApiPart(string Name, string Description, ApiServer Server, IReadOnlyList<string> Schemes, string ErrorSchema, IReadOnlyList<int> Errors)
{
    private static readonly string[] AtRegistry = ["registryToken", "password"];

    /// <summary>The data plane.</summary>
    public static readonly ApiPart Distribution = new(
        "Registry", "The OCI distribution specification's API: blobs, uploads, manifests, tags and referrers.", ApiServer.Registry, AtRegistry, "RegistryError",
        [400, 401, 403, 404, 429, 503]);

    /// <summary>The metadata API.</summary>
    public static readonly ApiPart Artifacts = new(
        "Metadata", "Azure Container Registry's API about repositories, tags and manifests: what is known about them, their locks, and their deletion.", ApiServer.Registry, AtRegistry,
        "RegistryError", [400, 401, 403, 404, 429, 503]);

    /// <summary>What runs.</summary>
    public static readonly ApiPart Workloads = new(
        "Workloads", "Berth's own API about what runs: workloads report what they use, and nothing of it is deleted.", ApiServer.Registry, AtRegistry, "RegistryError",
        [400, 401, 403, 404, 429, 503]);

    /// <summary>Usage and quotas.</summary>
    public static readonly ApiPart Usage = new(
        "Usage", "Berth's own calls about what a registry, its repositories and images hold, and about quotas.", ApiServer.Registry, AtRegistry, "RegistryError", [400, 401, 403, 404, 429, 503]);

    /// <summary>A registry's token service.</summary>
    public static readonly ApiPart RegistryTokens = new(
        "Registry tokens", "Tokens of a registry, for a password, a refresh token of the registry, or an access token of the authority.", ApiServer.Registry, ["", "password"], "RegistryError",
        [400, 401, 403, 404, 405, 429, 503]);

    /// <summary>The authority.</summary>
    public static readonly ApiPart Authority = new(
        "Authority", "The OAuth 2.0 and OpenID Connect endpoints at which people and programs sign in, with Entra's paths and AD FS'.", ApiServer.Authority, [], "AuthorityError",
        [400, 401, 405, 429, 503]);

    /// <summary>The control plane.</summary>
    public static readonly ApiPart ControlPlane = new(
        "Control plane", "Azure Resource Manager's API as far as registries and who may use them need it.", ApiServer.ControlPlane, ["controlPlaneToken"], "ControlPlaneError",
        [400, 401, 403, 404, 429, 503]);

    /// <summary>The directory.</summary>
    public static readonly ApiPart Directory = new(
        "Directory", "Microsoft Graph's API as far as people, groups, applications and their credentials need it.", ApiServer.Directory, ["directoryToken"], "DirectoryError",
        [400, 401, 403, 404, 429, 503]);

    /// <summary>What Azure has no call for.</summary>
    public static readonly ApiPart Evidence = new(
        "Evidence", "Berth's own calls: an auditor's questions about who has access and who used it, and the keys of issuers that cannot be asked.", ApiServer.ControlPlane,
        ["controlPlaneToken"], "RegistryError", [400, 401, 403, 404, 429, 503]);

    /// <summary>What an operator of the server looks at and decides.</summary>
    public static readonly ApiPart Operations = new(
        "Operations", "Berth's own API for whoever operates the server: garbage collection.", ApiServer.ControlPlane, ["controlPlaneToken"], "RegistryError", [400, 401, 403, 404, 429, 503]);

    /// <summary>What protects content, and Azure has no call for.</summary>
    public static readonly ApiPart Protection = new(
        "Protection", "Berth's own calls about what must not be changed: the rules that make tags write-once, and quarantine.", ApiServer.Registry, AtRegistry, "RegistryError",
        [400, 401, 403, 404, 429, 503]);

    /// <summary>Lifecycle rules.</summary>
    public static readonly ApiPart Lifecycle = new(
        "Lifecycle", "Berth's own calls: rules about what goes and what stays, previews of what they take, and runs that take it.", ApiServer.Registry, AtRegistry, "RegistryError",
        [400, 401, 403, 404, 429, 503]);

    /// <summary>The description of all this.</summary>
    public static readonly ApiPart Reference = new(
        "Reference", "This document, and the page that shows it.", ApiServer.Registry, [], "RegistryError", [405]);

    /// <summary>All parts, in the document's order.</summary>
    public static IReadOnlyList<ApiPart> All =>
        [Distribution, Artifacts, Workloads, Usage, RegistryTokens, Authority, ControlPlane, Directory, Evidence, Lifecycle, Protection, Operations, Reference];
}
