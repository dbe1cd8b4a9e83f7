namespace Berth.Storage;

/// <summary>The volume has no room; nothing that was acknowledged is affected. Answered with 507.</summary>
public sealed class StorageFullException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>Whether no store of this kind has room for it, however empty it is.</summary>
    public bool ExceedsStore { get; init; }
}

/// <summary>The store does not answer or answers with a failure that says nothing about existence. Answered with 503.</summary>
public sealed class StorageUnavailableException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>Whether a writer lost its location to another one, and nothing failed but that.</summary>
    public bool IsTakenOver { get; init; }

    /// <summary>
    /// Whether it stays so until somebody changes a setting or the store: it does not know what it is asked, or is no store. A credential that it does not take is none of these: a clock that is
    /// not set yet looks the same.
    /// </summary>
    public bool IsRefusal { get; init; }

    /// <summary>Whether what was durable at the location is untouched by the failure, so that the upload can be resumed there.</summary>
    public bool LeavesWhatStood { get; init; }
}

/// <summary>The store answered, and the location is absent or has another size than its row says.</summary>
public sealed class BlobMissingException(string location, string message) : IOException(message)
{
    /// <summary>The location in question.</summary>
    public string Location { get; } = location;
}
