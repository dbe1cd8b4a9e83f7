namespace Berth.Bench.Load;

/// <summary>
/// Pushes images, each into a repository of its own: a base layer and the config <c>{}</c> that all have in common, a layer of its own, and the manifest. Nobody asks before what is there.
/// </summary>
internal sealed class SharedLayerWorkload(RequestWriter requests, string prefix, SmallContent shared, SmallContent config, IReadOnlyList<SmallContent> layers) : Workload
{
    private readonly Dictionary<Client, int> _steps = [];
    private int _next;

    public override ReadOnlyMemory<byte> Begin(Client client)
    {
        if (_next == layers.Count) return default;
        client.Operation = _next++;
        _steps[client] = 0;
        return Open(client);
    }

    public override ReadOnlyMemory<byte> Continue(Client client)
    {
        var response = client.Response;
        SmallContent[] blobs = [shared, config, layers[client.Operation]];
        if (response.Status == 202)
        {
            var blob = blobs[_steps[client]];
            var target = RequestWriter.FinishTarget(response.Header("location"u8), blob.Digest);
            return requests.Format(client.Scratch, "PUT", target, "Content-Type: application/octet-stream\r\n", blob.Bytes);
        }

        if (response.Status != 201) throw Unexpected(response);
        var step = ++_steps[client];
        if (step < blobs.Length) return Open(client);
        if (step > blobs.Length) return default;
        var manifest = SmallContent.Manifest(config, [shared, layers[client.Operation]]);
        return requests.Format(
            client.Scratch, "PUT", $"/v2/{RepositoryOf(client)}/manifests/latest", "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n", manifest.Bytes);
    }

    private ReadOnlyMemory<byte> Open(Client client) => requests.Format("POST", $"/v2/{RepositoryOf(client)}/blobs/uploads/", "Content-Length: 0\r\n");

    private string RepositoryOf(Client client) => $"{prefix}-{client.Operation}";
}
