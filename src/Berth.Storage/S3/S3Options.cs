namespace Berth.Storage.S3;

/// <summary>Settings of an S3-compatible bucket.</summary>
public sealed record S3Options
{
    /// <summary>The bucket; it exists already.</summary>
    public required string Bucket { get; init; }

    /// <summary>The region that requests are signed for. Default us-east-1, what most other services than AWS expect.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>The service's address; null for AWS's own in the region.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The address that links name, where clients reach the service by another one; null for <see cref="Endpoint"/>.</summary>
    public Uri? LinkEndpoint { get; init; }

    /// <summary>Whether the bucket stands in the path and not in the host's name. Default: with an endpoint of one's own.</summary>
    public bool? PathStyle { get; init; }

    /// <summary>What all keys begin with: a folder of the bucket that this installation has for itself; empty or ending in <c>/</c>. Default none.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The access key's id; null for credentials from where the server runs.</summary>
    public string? AccessKey { get; init; }

    /// <summary>The access key's secret.</summary>
    public string? SecretKey { get; init; }

    /// <summary>Whether the SDK's own checksums go with every request. Default: with AWS only; other services refuse them, or store them as content.</summary>
    public bool? Checksums { get; init; }

    /// <summary>
    /// Whether the service honours <c>If-None-Match: *</c>: then a late request cannot replace a blob, and a small one takes one request. Default true; false sends small blobs as
    /// uploads of one part.
    /// </summary>
    public bool ConditionalWrites { get; init; } = true;
}
