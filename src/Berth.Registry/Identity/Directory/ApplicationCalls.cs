using System.Text.Json;
using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Directory;

/// <summary>
/// The calls about applications and their service principals. Both are one principal here, with one object id, which is made with the application.
/// Managed identities are service principals, too, which other calls make and change; here they are enabled and disabled.
/// </summary>
internal sealed class ApplicationCalls(
    IPrincipals principals, ICredentials credentials, CertificateList certificates, DirectoryObjects objects, TimeProvider time)
{
    /// <summary>The calls.</summary>
    public IReadOnlyList<GraphRoute> Routes =>
    [
        new("GET", "applications", GraphNeed.Read, ListApplicationsAsync),
        new("POST", "applications", GraphNeed.Write, CreateApplicationAsync),
        new("GET", "applications/{}", GraphNeed.Read, async call => await ShowAsync(call, await objects.ApplicationAsync(call.Values[0], call.Aborted), GraphJson.Application)),
        new("PATCH", "applications/{}", GraphNeed.Write, UpdateAsync),
        new("DELETE", "applications/{}", GraphNeed.Write, DeleteAsync),
        new("GET", "servicePrincipals", GraphNeed.Read, ListServicePrincipalsAsync),
        new("POST", "servicePrincipals", GraphNeed.Write, CreateServicePrincipalAsync),
        new("GET", "servicePrincipals/{}", GraphNeed.Read, async call =>
            await ShowAsync(call, await objects.ServicePrincipalAsync(call.Values[0], call.Aborted), GraphJson.ServicePrincipal)),
        new("PATCH", "servicePrincipals/{}", GraphNeed.Write, UpdateServicePrincipalAsync),
        new("DELETE", "servicePrincipals/{}", GraphNeed.Write, DeleteAsync),
    ];

    private async Task ListApplicationsAsync(GraphCall call)
    {
        var filter = GraphFilter.Of(call, "appId", "displayName");
        var (applications, next) = await FindAsync(
            call, filter, [PrincipalKind.ServicePrincipal], GraphPaging.TopOf(call), GraphPaging.AfterOf(call));
        await AnswerAsync(call, applications, next, GraphJson.Application);
    }

    private async Task ListServicePrincipalsAsync(GraphCall call)
    {
        var filter = GraphFilter.Of(call, "servicePrincipalNames", "appId", "displayName");
        var (found, next) = await FindAsync(
            call, filter, [PrincipalKind.ServicePrincipal, PrincipalKind.ManagedIdentity], GraphPaging.TopOf(call), GraphPaging.AfterOf(call));
        await AnswerAsync(call, found, next, GraphJson.ServicePrincipal);
    }

    // The kinds follow each other in the list; a key says in which of them it goes on.
    private async Task<(List<PrincipalRecord> Items, string? Next)> FindAsync(
        GraphCall call, GraphFilter? filter, PrincipalKind[] kinds, int top, string? after)
    {
        if (filter is { IsPrefix: false, Property: not "displayName" })
        {
            var record = Guid.TryParse(filter.Value, out var id) ? await principals.FindPrincipalByClientIdAsync(id.ToString(), call.Aborted) : null;
            return (record is not null && kinds.Contains(record.Kind) ? [record] : [], null);
        }

        var items = new List<PrincipalRecord>();
        for (var i = after is { Length: > 0 } ? after[0] - '0' : 0; i >= 0 && i < kinds.Length; i++)
        {
            var (more, next) = await GraphPaging.ReadAsync(
                principals, kinds[i], after is { Length: > 1 } ? after[1..] : null, top - items.Count,
                record => filter?.Meets(filter.Property == "displayName" ? GraphJson.DisplayNameOf(record) : record.ClientId) ?? true, call.Aborted);
            items.AddRange(more);
            after = null;
            if (next is not null) return (items, $"{i}{next}");
            if (items.Count == top && i + 1 < kinds.Length) return (items, $"{i + 1}");
        }

        return (items, null);
    }

    private async Task AnswerAsync(GraphCall call, List<PrincipalRecord> records, string? next, Action<Utf8JsonWriter, PrincipalRecord> write)
    {
        var known = new Dictionary<long, IReadOnlyList<CredentialRecord>>();
        foreach (var record in records) known[record.Id] = await credentials.ListCredentialsAsync(record.Id, call.Aborted);
        await call.AnswerListAsync(
            records,
            (json, record) =>
            {
                write(json, record);
                GraphJson.Credentials(json, known[record.Id]);
            },
            next);
    }

    private async Task ShowAsync(GraphCall call, PrincipalRecord record, Action<Utf8JsonWriter, PrincipalRecord> write, int status = StatusCodes.Status200OK)
    {
        var known = await credentials.ListCredentialsAsync(record.Id, call.Aborted);
        await call.AnswerAsync(status, json =>
        {
            write(json, record);
            GraphJson.Credentials(json, known);
        });
    }

    private async Task CreateApplicationAsync(GraphCall call)
    {
        var body = await call.ReadBodyAsync();
        var displayName = body.RequiredText("displayName");
        var clientId = Guid.CreateVersion7(time.GetUtcNow()).ToString();
        var made = await principals.CreatePrincipalAsync(
            new NewPrincipal(PrincipalKind.ServicePrincipal, clientId, displayName, ClientId: clientId), call.Caller, call.Aborted);
        if (made is not { Outcome: CreateOutcome.Created, Record: { } application }) throw GraphException.Taken("The application's id is taken; try again.");
        await ShowAsync(call, application, GraphJson.Application, StatusCodes.Status201Created);
    }

    private async Task CreateServicePrincipalAsync(GraphCall call)
    {
        var id = (await call.ReadBodyAsync()).RequiredText("appId");
        var record = await objects.ApplicationAsync($"appId={id}", call.Aborted);
        await ShowAsync(call, record, GraphJson.ServicePrincipal, StatusCodes.Status201Created);
    }

    private async Task UpdateAsync(GraphCall call)
    {
        var record = await objects.ChangeableAsync(call.Values[0], call.Aborted);
        var body = await call.ReadBodyAsync();
        body.AllowOnly("accountEnabled", "displayName", "keyCredentials");
        var changes = new PrincipalChanges(body.Text("displayName"), body.Flag("accountEnabled"));
        await certificates.ReplaceAsync(record, body, call);
        _ = await principals.UpdatePrincipalAsync(record.Id, changes, call.Caller, call.Aborted) ?? throw GraphException.NotFound("application", call.Values[0]);
        await call.DoneAsync();
    }

    // Whether it may sign in is all that a managed identity's resource has no word for.
    private async Task UpdateServicePrincipalAsync(GraphCall call)
    {
        var record = await objects.ServicePrincipalAsync(call.Values[0], call.Aborted);
        if (record.Kind != PrincipalKind.ManagedIdentity)
        {
            await UpdateAsync(call);
            return;
        }

        var body = await call.ReadBodyAsync();
        body.AllowOnly("accountEnabled");
        var changes = new PrincipalChanges(Enabled: body.Flag("accountEnabled"));
        _ = await principals.UpdatePrincipalAsync(record.Id, changes, call.Caller, call.Aborted) ?? throw GraphException.NotFound("service principal", call.Values[0]);
        await call.DoneAsync();
    }

    private async Task DeleteAsync(GraphCall call)
    {
        var record = await objects.ChangeableAsync(call.Values[0], call.Aborted);
        if (!await principals.DeletePrincipalAsync(record.Id, call.Caller, call.Aborted)) throw GraphException.NotFound("application", call.Values[0]);
        await call.DoneAsync();
    }
}
