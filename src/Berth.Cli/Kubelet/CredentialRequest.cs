using System.Text;
using System.Text.Json;
using Berth.Cli.Session;
using Berth.Oci;

namespace Berth.Cli.Kubelet;

/// <summary>What kubelet asks for: <c>CredentialProviderRequest</c> of <c>credentialprovider.kubelet.k8s.io/v1</c>.</summary>
/// <param name="Registry">The registry of the image: host[:port].</param>
/// <param name="Token">The token of the pod's service account, where kubelet is set up to send it.</param>
/// <param name="Annotations">Annotations of the service account that kubelet is set up to send.</param>
internal sealed record CredentialRequest(string Registry, string? Token, IReadOnlyDictionary<string, string> Annotations)
{
    /// <summary>The protocol and its version.</summary>
    public const string ApiVersion = "credentialprovider.kubelet.k8s.io/v1";

    /// <summary>Reads a request.</summary>
    /// <exception cref="ClientException">It is none, or of another version.</exception>
    public static CredentialRequest Parse(string text)
    {
        try
        {
            using var document = JsonReading.ParseReadable(Encoding.UTF8.GetBytes(text), default) ?? throw new JsonException();
            var root = document.RootElement;
            if (root.Text("kind") != "CredentialProviderRequest" || root.Text("apiVersion") != ApiVersion)
                throw new ClientException($"stdin holds no CredentialProviderRequest of {ApiVersion}; set apiVersion to it in kubelet's CredentialProviderConfig.");
            return new(RegistryOf(root.Text("image")), root.Text("serviceAccountToken") is { Length: > 0 } token ? token : null, AnnotationsOf(root));
        }
        catch (JsonException)
        {
            // The parser's own words could quote the request, which holds a token.
            throw new ClientException("stdin holds no JSON; kubelet writes a CredentialProviderRequest there.");
        }
    }

    // An image without a registry is Docker Hub's, and no token of ours goes there.
    private static string RegistryOf(string? image)
    {
        var slash = image?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        var host = slash > 0 ? image![..slash] : "";
        return (host.Contains('.', StringComparison.Ordinal) || host.Contains(':', StringComparison.Ordinal) || host == "localhost")
            && Uri.TryCreate($"https://{host}", UriKind.Absolute, out var address) && address.UserInfo.Length == 0 && address.PathAndQuery == "/"
            ? host
            : throw new ClientException("the request's image names no registry; host[:port]/repository is needed.");
    }

    private static Dictionary<string, string> AnnotationsOf(JsonElement root)
    {
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!root.TryGetProperty("serviceAccountAnnotations", out var given) || given.ValueKind != JsonValueKind.Object) return annotations;
        foreach (var one in given.EnumerateObject())
        {
            if (one.Value.ValueKind == JsonValueKind.String) annotations[one.Name] = one.Value.GetString()!;
        }

        return annotations;
    }
}
