using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Berth.EndToEnd.Harness;

/// <summary>A Kubernetes API server on loopback that answers what one answered once: what there is, and its pods.</summary>
internal sealed class RecordedCluster : IAsyncDisposable
{
    private const string Versions = """{"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[]}""";
    private const string Groups = """{"kind":"APIGroupList","apiVersion":"v1","groups":[]}""";

    private const string Resources = """
        {"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","singularName":"pod","namespaced":true,"kind":"Pod","verbs":["get","list","watch"],"shortNames":["po"],"categories":["all"]}]}
        """;

    private readonly HttpListener _listener = new();
    private readonly Func<string> _pods;
    private readonly Task _loop;

    /// <summary>A cluster with these pods: a JSON list as the API server answers it.</summary>
    public RecordedCluster(Func<string> pods)
    {
        _pods = pods;
        Address = $"http://127.0.0.1:{FreePort()}";
        _listener.Prefixes.Add(Address + "/");
        _listener.Start();
        _loop = AnswerAsync();
    }

    /// <summary>Where it answers.</summary>
    public string Address { get; }

    /// <summary>
    /// The pods of a cluster as its API server answered them, cut down to what matters here; <c>IMAGE</c> and <c>DIGEST</c> stand for an image of the registry. The others are the
    /// cluster's own, one that waits for its image, and one that is over.
    /// </summary>
    public static string Pods(string image, string digest) => """
        {"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"48213"},"items":[
          {"metadata":{"name":"coredns-668d6bf9bc-7w2xn","generateName":"coredns-668d6bf9bc-","namespace":"kube-system","uid":"7c3f0c1e-5a0e-4c43-8f0a-0d7c2a3c9a11","labels":{"k8s-app":"kube-dns"}},
           "spec":{"containers":[{"name":"coredns","image":"registry.k8s.io/coredns/coredns:v1.11.3","args":["-conf","/etc/coredns/Corefile"],"imagePullPolicy":"IfNotPresent"}],"nodeName":"node-1","serviceAccountName":"coredns"},
           "status":{"phase":"Running","qosClass":"Burstable","containerStatuses":[{"name":"coredns","state":{"running":{"startedAt":"2026-03-02T08:11:20Z"}},"ready":true,"restartCount":0,
             "image":"registry.k8s.io/coredns/coredns:v1.11.3","imageID":"registry.k8s.io/coredns/coredns@sha256:9caabbf6238b189a65d0d6e6ac138de60d6a1c419e5a341fbbb7c78382559c6e","containerID":"containerd://2f1a","started":true}]}},
          {"metadata":{"name":"web-7d9c5b6f4-p2qzv","generateName":"web-7d9c5b6f4-","namespace":"shop","uid":"b2b7a6d0-9d3c-4a0b-8b63-9f2d1c6f7e55","labels":{"app":"web"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-7d9c5b6f4","uid":"1"}]},
           "spec":{"initContainers":[{"name":"migrate","image":"IMAGE:1","command":["/migrate"]}],"containers":[{"name":"web","image":"IMAGE:1","ports":[{"containerPort":8080,"protocol":"TCP"}]}],"nodeName":"node-1"},
           "status":{"phase":"Running","initContainerStatuses":[{"name":"migrate","state":{"terminated":{"exitCode":0,"reason":"Completed"}},"ready":true,"restartCount":0,"image":"IMAGE:1","imageID":"IMAGE@DIGEST","containerID":"containerd://3a"}],
             "containerStatuses":[{"name":"web","state":{"running":{"startedAt":"2026-03-02T08:12:01Z"}},"ready":true,"restartCount":0,"image":"IMAGE:1","imageID":"IMAGE@DIGEST","containerID":"containerd://3b","started":true}]}},
          {"metadata":{"name":"late-5f5d","namespace":"shop","uid":"0d4b"},"spec":{"containers":[{"name":"late","image":"IMAGE:next"}]},
           "status":{"phase":"Pending","containerStatuses":[{"name":"late","state":{"waiting":{"reason":"ContainerCreating"}},"ready":false,"restartCount":0,"image":"IMAGE:next","imageID":"","started":false}]}},
          {"metadata":{"name":"report-29384510-xk2mf","namespace":"shop","uid":"44aa"},"spec":{"containers":[{"name":"report","image":"docker.io/library/busybox:1.37"}]},
           "status":{"phase":"Succeeded","containerStatuses":[{"name":"report","state":{"terminated":{"exitCode":0,"reason":"Completed"}},"ready":false,"restartCount":0,"image":"docker.io/library/busybox:1.37",
             "imageID":"docker.io/library/busybox@sha256:37f7b378a29ceb4c551b1b5582e27747b855bbfaa73fa11914fe0df028dc581f","containerID":"containerd://4c"}]}}]}
        """.Replace("IMAGE", image, StringComparison.Ordinal).Replace("DIGEST", digest, StringComparison.Ordinal);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _loop;
    }

    private async Task AnswerAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            var answer = context.Request.Url!.AbsolutePath switch
            {
                "/api" => Versions,
                "/apis" => Groups,
                "/api/v1" => Resources,
                "/api/v1/pods" or "/api/v1/namespaces/shop/pods" => _pods(),
                _ => null,
            };
            context.Response.StatusCode = answer is null ? 404 : 200;
            context.Response.ContentType = "application/json";
            var bytes = Encoding.UTF8.GetBytes(answer ?? """{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}""");
            await context.Response.OutputStream.WriteAsync(bytes);
            context.Response.Close();
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
