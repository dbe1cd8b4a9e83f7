using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Artifacts;

/// <summary>Changes a repository's settings, and deletes repositories.</summary>
internal sealed class RepositoryService(IRepositories repositories, IManifests manifests, IRegistries registries, LifecycleOptions lifecycle, TimeProvider time)
{
    /// <summary>The attributes that lock what they are set for, as Azure Container Registry names them.</summary>
    public static readonly IReadOnlyList<string> Flags = ["deleteEnabled", "writeEnabled", "readEnabled", "listEnabled"];

    private const int MaxBody = 16 * 1024;
    private const string AnonymousPull = "anonymousPullEnabled";

    /// <summary>Applies the settings of the request's body; the result is the repository as it is then.</summary>
    /// <exception cref="OciException">400: the body cannot be applied. 404: there is no such repository.</exception>
    public async Task<RepositoryRecord> UpdateAsync(ArtifactRequest request)
    {
        var enabled = await ReadAnonymousPullAsync(request);
        var registry = request.Admission.Registry.Id;
        if (!await manifests.RepositoryExistsAsync(registry, request.Repository, request.Aborted)) throw Unknown(request.Repository);
        if (enabled is true && !request.Admission.Rights.MayConfigure)
        {
            throw new OciException(
                OciErrorCode.Denied,
                $"'{request.Admission.Principal.Name}' may not open a repository to everybody: that takes the right Microsoft.ContainerRegistry/registries/write (Owner, Contributor).");
        }

        if (enabled is { } value) await registries.SetAnonymousPullAsync(registry, request.Repository, value, request.Caller, request.Aborted);
        return await repositories.FindRepositoryAsync(registry, request.Repository, request.Aborted) ?? throw Unknown(request.Repository);
    }

    /// <summary>Deletes all that the repository holds when it is asked for.</summary>
    /// <exception cref="OciException">404: there is no such repository.</exception>
    public async Task<(IReadOnlyList<Digest> Manifests, IReadOnlyList<string> Tags)> DeleteAsync(ArtifactRequest request)
    {
        var registry = request.Admission.Registry.Id;
        if (!await manifests.RepositoryExistsAsync(registry, request.Repository, request.Aborted)) throw Unknown(request.Repository);

        // What is pushed under its name later is another repository, which nobody has opened to everybody.
        await registries.SetAnonymousPullAsync(registry, request.Repository, enabled: false, request.Caller, request.Aborted);
        var (digests, tags) = (new List<Digest>(), new List<string>());
        RepositoryDeletionCursor? cursor = null;
        do
        {
            var step = await repositories.DeleteRepositoryStepAsync(
                registry, request.Repository, cursor, time.GetUtcNow() + lifecycle.Grace, request.Caller, request.Aborted);
            digests.AddRange(step.Manifests);
            tags.AddRange(step.Tags);
            cursor = step.Next;
        }
        while (cursor is not null);

        return (digests, tags);
    }

    /// <summary>The error for a repository that the registry does not have.</summary>
    public static OciException Unknown(RepositoryName repository) => new(
        OciErrorCode.NameUnknown, $"This registry has no repository '{repository}'.", detail: repository.ToString());

    private static async Task<bool?> ReadAnonymousPullAsync(ArtifactRequest request)
    {
        using var body = await ReadBodyAsync(request);
        if (body.RootElement.ValueKind != JsonValueKind.Object) throw Bad("The body must be a JSON object.");

        bool? enabled = null;
        foreach (var property in body.RootElement.EnumerateObject())
        {
            if (property.Value.ValueKind is not (JsonValueKind.True or JsonValueKind.False)) throw Bad($"'{Shorten(property.Name)}' must be true or false.");
            var value = property.Value.GetBoolean();
            if (property.Name == AnonymousPull) enabled = value;
            else if (!Flags.Contains(property.Name)) throw Bad($"'{Shorten(property.Name)}' is no setting of a repository; there are {AnonymousPull} and {string.Join(", ", Flags)}.");
            else if (!value) throw Bad($"'{property.Name}' cannot be false: this version does not lock repositories.");
        }

        return enabled;
    }

    private static async Task<JsonDocument> ReadBodyAsync(ArtifactRequest request)
    {
        var buffer = new byte[MaxBody + 1];
        var length = await request.Http.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, request.Aborted);
        if (length > MaxBody) throw new OciException(OciErrorCode.SizeInvalid, $"The body is larger than {MaxBody} bytes.", status: StatusCodes.Status413PayloadTooLarge);
        try
        {
            return JsonReading.ParseReadable(buffer.AsMemory(0, length), default) ?? throw Bad("The body holds a text that is none.");
        }
        catch (JsonException)
        {
            throw Bad("The body is no JSON.");
        }
    }

    private static OciException Bad(string message) => new(OciErrorCode.BadRequest, message);

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100];
}
