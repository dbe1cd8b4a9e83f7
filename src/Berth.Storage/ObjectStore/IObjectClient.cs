namespace Berth.Storage.ObjectStore;

/// <summary>
/// The calls of one service, each a single attempt: who calls tries again. All throw <see cref="ObjectFailureException"/>. Keys are relative to the
/// configured prefix. All members may be called at once.
/// </summary>
internal interface IObjectClient : IDisposable
{
    /// <summary>The bucket or container and its service, for messages.</summary>
    string Place { get; }

    /// <summary>Whether <see cref="PutAsync"/> can leave alone an object that stands there already.</summary>
    bool CanPutOnlyIfAbsent { get; }

    /// <summary>The most keys of one <see cref="DeleteAsync"/>.</summary>
    int MostDeletions { get; }

    /// <summary>Begins an upload of parts to a key, and returns its id.</summary>
    Task<string> BeginAsync(string key, CancellationToken cancellationToken);

    /// <summary>Sends one part, and returns the tag that names just these bytes when the upload is completed: whatever a writer of another epoch sends under the same number.</summary>
    Task<string> PutPartAsync(string key, string upload, long epoch, int number, Stream body, CancellationToken cancellationToken);

    /// <summary>The highest number of a part behind the given ones that anybody has sent, or the last of the given ones.</summary>
    /// <exception cref="ObjectFailureException">The upload is gone.</exception>
    Task<int> FindLastNumberAsync(string key, string upload, IReadOnlyList<ObjectPart> parts, CancellationToken cancellationToken);

    /// <summary>Makes the parts, in this order, the object. An object that stands there is left alone where the service can.</summary>
    Task CompleteAsync(string key, string upload, IReadOnlyList<ObjectPart> parts, CancellationToken cancellationToken);

    /// <summary>Ends every upload of parts to the key but the given one: none of them can become the object any more.</summary>
    Task AbortAsync(string key, string? except, CancellationToken cancellationToken);

    /// <summary>Puts an object of one piece.</summary>
    Task PutAsync(string key, Stream body, bool onlyIfAbsent, CancellationToken cancellationToken);

    /// <summary>Opens an object from an offset on, which lies before its end.</summary>
    Task<Stream> GetAsync(string key, long offset, CancellationToken cancellationToken);

    /// <summary>The size of an object; null when there is none.</summary>
    Task<long?> FindSizeAsync(string key, CancellationToken cancellationToken);

    /// <summary>Removes objects; those that are absent are no error.</summary>
    Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken);

    /// <summary>A page of the objects whose keys begin with the prefix.</summary>
    Task<ObjectPage> ListAsync(string prefix, string? continuation, CancellationToken cancellationToken);

    /// <summary>A link by which an object can be read until it ends; null where the service gives none.</summary>
    Task<SignedLink?> LinkAsync(string key, TimeSpan lifetime, CancellationToken cancellationToken);
}

/// <summary>A part that the service has.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Tag">The service's name for its bytes.</param>
internal readonly record struct ObjectPart(int Number, long Size, string Tag);

/// <summary>An object in a list.</summary>
internal readonly record struct ObjectEntry(string Key, long Size, DateTimeOffset ModifiedAt);

/// <summary>A page of a list.</summary>
/// <param name="Entries">The objects.</param>
/// <param name="Continuation">What asks for the next page; null on the last.</param>
internal sealed record ObjectPage(IReadOnlyList<ObjectEntry> Entries, string? Continuation);
