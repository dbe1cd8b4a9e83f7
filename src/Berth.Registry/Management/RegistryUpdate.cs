using Berth.Metadata;

namespace Berth.Registry.Management;

/// <summary>Changes a registry; what this process does next with it sees the change.</summary>
internal sealed class RegistryUpdate(IRegistries registries, AttachmentCheck attachments, RegistryResolver resolver)
{
    private const int MostAttempts = 8;

    /// <summary>The registry after the change.</summary>
    /// <exception cref="ManagementException">It is gone, or others change it without end.</exception>
    public async Task<RegistryRecord> ApplyAsync(ManagementRequest request, RegistryRecord standing, RegistryBody body)
    {
        await attachments.CheckAsync(request, standing, body.Changes.Attached);
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var changes = body.Settings.AddTo(body.Changes, standing.Properties);
            var changed = await registries.UpdateRegistryAsync(standing.Id, changes, request.Caller, request.Aborted)
                ?? throw ManagementException.NotFound(ScopeText.Registry(standing));
            if (changes.Properties is not { } settings || changed.Properties == settings.To)
            {
                resolver.Forget(standing.Name);
                return changed;
            }

            // Another change of the settings came first: this one goes on top of it.
            standing = changed;
        }

        throw new ManagementException(409, "Conflict", $"The registry '{standing.Name}' was changed by others at the same time; nothing of this request was stored. Try again.");
    }
}
