using Berth.Registry.ApiReference;

namespace Berth.Registry.Identity.Federation;

/// <summary>What the API's document says of the keys of issuers that cannot be asked.</summary>
internal static class IssuerKeyDescription
{
    private static readonly ApiParameter Issuer = new("issuer", "The issuer, as its tokens name it.", IsRequired: true);

    /// <summary>The calls.</summary>
    /// <param name="path">Their path.</param>
    /// <param name="right">What the rights begin with.</param>
    public static IEnumerable<ApiCall> Of(string path, string right) =>
    [
        new("issuer-keys.list", "GET", path, ApiPart.Evidence, "Lists the issuers whose keys were brought.") { Right = $"{right}read", Answers = [new(200, new ApiContent("IssuerKeys[]"))] },
        new("issuer-keys.put", "PUT", path, ApiPart.Evidence, "Sets an issuer's keys.")
        {
            Right = $"{right}write",
            Parameters = [Issuer],
            Body = new ApiContent("KeySet"),
            Answers = [new(200, new ApiContent("IssuerKeys")), new(201, new ApiContent("IssuerKeys"))],
            Errors = [409, 413],
        },
        new("issuer-keys.delete", "DELETE", path, ApiPart.Evidence, "Takes an issuer's keys away.") { Right = $"{right}delete", Parameters = [Issuer], Answers = [new(204)] },
    ];
}
