namespace Berth.Cli.Tests.Fakes;

/// <summary>Answers of a control plane with some registries.</summary>
internal static class FakeArm
{
    /// <summary>The id of a registry.</summary>
    public static string IdOf(string name) => $"{ClientProgram.Subscription}/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries/{name}";

    /// <summary>A registry that keeps every rule, or with other properties one that does not.</summary>
    public static string Registry(string name, string? properties = null, string sku = "Premium") => $$"""
        {"id":"{{IdOf(name)}}","name":"{{name}}","type":"Microsoft.ContainerRegistry/registries","location":"local","sku":{"name":"{{sku}}","tier":"{{sku}}"},
         "properties":{{properties ?? Strict}}}
        """;

    /// <summary>A list of the control plane.</summary>
    public static FakeAnswer List(IEnumerable<string> values, string? next = null) =>
        new(200, $$"""{"value":[{{string.Join(',', values)}}]{{(next is null ? "" : $",\"nextLink\":\"{next}\"")}}}""");

    /// <summary>The answer for what there is not.</summary>
    public static FakeAnswer NotFound { get; } = new(404, """{"error":{"code":"ResourceNotFound","message":"It is not there."}}""");

    private const string Strict = """
        {"adminUserEnabled":false,"anonymousPullEnabled":false,"publicNetworkAccess":"Disabled","networkRuleSet":{"defaultAction":"Deny","ipRules":[]},
         "privateEndpointConnections":[{"name":"one","properties":{"privateLinkServiceConnectionState":{"status":"Approved"}}}],
         "policies":{"softDeletePolicy":{"status":"enabled"},"retentionPolicy":{"status":"disabled"},"azureADAuthenticationAsArmPolicy":{"status":"disabled"},"exportPolicy":{"status":"disabled"}}}
        """;
}
