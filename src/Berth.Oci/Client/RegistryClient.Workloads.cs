using System.Net;
using System.Text.Json;
using Berth.Oci.Client.Authentication;

namespace Berth.Oci.Client;

/// <summary>What runs, as workloads report it to a Berth (<c>/berth/v1/workloads</c>); other registries have no such thing.</summary>
public sealed partial class RegistryClient
{
    private const string WorkloadsPath = "/berth/v1/workloads";

    /// <summary>The workloads that report to the registry.</summary>
    /// <param name="digest">Only those that use this digest; default for all.</param>
    /// <param name="cancellationToken">Ends the list.</param>
    public IAsyncEnumerable<JsonElement> ListWorkloadsAsync(Digest digest, CancellationToken cancellationToken) => ListMetadataAsync(
        $"{WorkloadsPath}?n=1000{(digest.IsDefault ? "" : $"&digest={digest}")}", "workloads", TokenScopes.Workloads, cancellationToken);

    /// <summary>A workload with what it uses.</summary>
    /// <exception cref="OciException"><see cref="OciErrorCode.NameUnknown"/> when none of that name reports.</exception>
    public Task<JsonElement> GetWorkloadAsync(string name, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Get, PathOfWorkload(name), TokenScopes.Workloads, null, HttpStatusCode.OK, cancellationToken);

    /// <summary>Puts a report in the place of the workload's one before.</summary>
    /// <param name="name">The workload's name.</param>
    /// <param name="report">What it uses, as the registry's API has it.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<JsonElement> ReportWorkloadAsync(string name, JsonElement report, CancellationToken cancellationToken) => SendJsonAsync(
        HttpMethod.Put, PathOfWorkload(name), TokenScopes.Workloads, report, [HttpStatusCode.OK, HttpStatusCode.Created], cancellationToken);

    /// <summary>Ends a workload's report.</summary>
    /// <exception cref="OciException"><see cref="OciErrorCode.NameUnknown"/> when none of that name reports.</exception>
    public Task DeleteWorkloadAsync(string name, CancellationToken cancellationToken) =>
        SendMetadataAsync(HttpMethod.Delete, PathOfWorkload(name), TokenScopes.Workloads, null, HttpStatusCode.NoContent, cancellationToken);

    private static string PathOfWorkload(string name) => $"{WorkloadsPath}/{Uri.EscapeDataString(name)}";
}
