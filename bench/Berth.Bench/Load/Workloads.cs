namespace Berth.Bench.Load;

/// <summary>Asks for the same few things again and again.</summary>
/// <param name="requests">Complete requests, taken in turn.</param>
/// <param name="status">The status that each answer has.</param>
/// <param name="length">The body's length (for HEAD: the Content-Length), or null when it varies.</param>
/// <param name="isHead">Whether the requests are HEADs.</param>
internal sealed class ReadWorkload(IReadOnlyList<byte[]> requests, int status, long? length, bool isHead = false) : Workload
{
    private int _next;

    public override bool IsHead => isHead;

    public override ReadOnlyMemory<byte> Begin(Client client)
    {
        if (_next == requests.Count) _next = 0;
        return requests[_next++];
    }

    public override ReadOnlyMemory<byte> Continue(Client client)
    {
        var response = client.Response;
        var actual = isHead ? response.ContentLength : response.BodyLength;
        if (response.Status != status || (length is not null && actual != length)) throw Unexpected(response);
        return default;
    }
}

/// <summary>Pushes distinct small blobs, each by POST and PUT.</summary>
internal sealed class BlobPushWorkload(RequestWriter requests, string repository, IReadOnlyList<SmallContent> blobs) : Workload
{
    private readonly byte[] _open = requests.Format("POST", $"/v2/{repository}/blobs/uploads/", "Content-Length: 0\r\n");
    private int _next;

    public override ReadOnlyMemory<byte> Begin(Client client)
    {
        if (_next == blobs.Count) return default;
        client.Operation = _next++;
        return _open;
    }

    public override ReadOnlyMemory<byte> Continue(Client client)
    {
        var response = client.Response;
        if (response.Status == 201) return default;
        if (response.Status != 202) throw Unexpected(response);

        var blob = blobs[client.Operation];
        var target = RequestWriter.FinishTarget(response.Header("location"u8), blob.Digest);
        return requests.Format(client.Scratch, "PUT", target, "Content-Type: application/octet-stream\r\n", blob.Bytes);
    }
}

/// <summary>Pushes distinct manifests, each under a tag of its own.</summary>
internal sealed class ManifestPushWorkload(RequestWriter requests, string repository, string tagPrefix, IReadOnlyList<SmallContent> manifests) : Workload
{
    private const string Type = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n";
    private int _next;

    public override ReadOnlyMemory<byte> Begin(Client client)
    {
        if (_next == manifests.Count) return default;
        var number = _next++;
        return requests.Format(client.Scratch, "PUT", $"/v2/{repository}/manifests/{tagPrefix}{number}", Type, manifests[number].Bytes);
    }

    public override ReadOnlyMemory<byte> Continue(Client client) => client.Response.Status == 201 ? default : throw Unexpected(client.Response);
}
