using System.Threading.Channels;
using Berth.Metadata;
using Berth.Oci;
using Berth.Storage;
using Microsoft.Extensions.Hosting;

namespace Berth.Registry.Distribution;

/// <summary>
/// Looks whether the bytes are there that readers were sent to: after the link was given, so that a pull asks the object store nothing, and of at most twenty links a second. What is missing is
/// marked damaged; while the store cannot be asked, or misses much, links are given only after a look, so that readers get an error that says so and not a link that leads nowhere.
/// </summary>
internal sealed class LinkChecks(BlobService blobs, TimeProvider time) : BackgroundService
{
    private const int MostWaiting = 16;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Channel<Link> _given = Channel.CreateBounded<Link>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private volatile bool _isDoubtful;

    /// <summary>Whether a look at the bytes comes before each link.</summary>
    public bool IsDoubtful => _isDoubtful;

    /// <summary>Says that a link to a blob was given unseen.</summary>
    public void Given(DistributionRequest request, BlobRecord blob) => _given.Writer.TryWrite(new Link(request.Registry.Id, request.Repository, blob));

    /// <summary>Says that the store answered what is right.</summary>
    public void Confirm() => _isDoubtful = false;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var (registryId, repository, blob) in _given.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await using var reader = await blobs.OpenAsync(registryId, repository, blob, stoppingToken);
                Confirm();
            }
            catch (OciException)
            {
                // It is gone: it was deleted, or has just been marked damaged.
            }
            catch (StorageUnavailableException)
            {
                // Said where the call failed.
                _isDoubtful = true;
            }
            catch (Exception e) when (e is MetadataUnavailableException or MetadataFullException)
            {
                // Nothing is known about it: another link's look will tell.
            }

            await Task.Delay(Pause, time, stoppingToken);
        }
    }

    private readonly record struct Link(long RegistryId, RepositoryName Repository, BlobRecord Blob);
}
