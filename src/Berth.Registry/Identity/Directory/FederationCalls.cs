using System.Text.RegularExpressions;
using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Directory;

/// <summary>The calls about an application's federated credentials: for which tokens of other issuers it is signed in without a secret.</summary>
internal sealed partial class FederationCalls(ICredentials credentials, DirectoryObjects objects)
{
    private const string Collection = "applications/{}/federatedIdentityCredentials";
    private const string One = Collection + "/{}";
    private const int MaxText = 600;
    private const int MostAudiences = 10;

    /// <summary>The calls.</summary>
    public IReadOnlyList<GraphRoute> Routes =>
    [
        new("GET", Collection, GraphNeed.Read, ListAsync),
        new("POST", Collection, GraphNeed.Write, CreateAsync),
        new("GET", One, GraphNeed.Read, ShowAsync),
        new("PATCH", One, GraphNeed.Write, UpdateAsync),
        new("DELETE", One, GraphNeed.Write, DeleteAsync),
    ];

    private async Task ListAsync(GraphCall call)
    {
        var application = await objects.ApplicationAsync(call.Values[0], call.Aborted);
        await call.AnswerListAsync(await credentials.ListFederatedCredentialsAsync(application.Id, call.Aborted), GraphJson.Federated);
    }

    private async Task ShowAsync(GraphCall call)
    {
        var (_, credential) = await FindAsync(call);
        await call.AnswerAsync(StatusCodes.Status200OK, json => GraphJson.Federated(json, credential));
    }

    private async Task CreateAsync(GraphCall call)
    {
        var application = await objects.ApplicationAsync(call.Values[0], call.Aborted);
        var body = await call.ReadBodyAsync();
        var name = body.RequiredText("name");
        if (!Name().IsMatch(name))
            throw GraphException.BadRequest("The property 'name' must have 3 to 120 letters, digits, '-' or '_', and begin with a letter or a digit.");
        if ((await credentials.ListFederatedCredentialsAsync(application.Id, call.Aborted)).Any(c => c.Name == name))
            throw GraphException.Taken($"The application has a federated credential '{name}'; change it with PATCH, or give another name.");

        var credential = Checked(new FederatedCredentialRecord(
            name, body.RequiredText("issuer", MaxText), body.RequiredText("subject", MaxText), body.Texts("audiences", MostAudiences) ?? throw body.Missing("audiences"),
            body.Text("description", MaxText)));
        await PutAsync(call, application, credential);
        await call.AnswerAsync(StatusCodes.Status201Created, json => GraphJson.Federated(json, credential));
    }

    private async Task UpdateAsync(GraphCall call)
    {
        var (application, standing) = await FindAsync(call);
        var body = await call.ReadBodyAsync();
        body.AllowOnly("name", "issuer", "subject", "audiences", "description");
        if (body.Text("name") is { } name && name != standing.Name) throw GraphException.BadRequest("The property 'name' cannot be changed.");
        await PutAsync(call, application, Checked(standing with
        {
            Issuer = body.Text("issuer", MaxText) ?? standing.Issuer,
            Subject = body.Text("subject", MaxText) ?? standing.Subject,
            Audiences = body.Texts("audiences", MostAudiences) ?? standing.Audiences,
            Description = body.Text("description", MaxText) ?? standing.Description,
        }));
        await call.DoneAsync();
    }

    private async Task DeleteAsync(GraphCall call)
    {
        var (application, credential) = await FindAsync(call);
        if (!await credentials.RemoveFederatedCredentialAsync(application.Id, credential.Name, call.Caller, call.Aborted))
            throw GraphException.NotFound("federated credential", credential.Name);
        await call.DoneAsync();
    }

    private async Task<(PrincipalRecord Application, FederatedCredentialRecord Credential)> FindAsync(GraphCall call)
    {
        var application = await objects.ApplicationAsync(call.Values[0], call.Aborted);
        var all = await credentials.ListFederatedCredentialsAsync(application.Id, call.Aborted);
        return (application, all.FirstOrDefault(c => c.Name == call.Values[1]) ?? throw GraphException.NotFound("federated credential", call.Values[1]));
    }

    private async Task PutAsync(GraphCall call, PrincipalRecord application, FederatedCredentialRecord credential)
    {
        switch (await credentials.PutFederatedCredentialAsync(application.Id, credential, call.Caller, call.Aborted))
        {
            case CreateOutcome.Exists:
                throw GraphException.Taken("Another federated credential of the application has the issuer, the subject and one of the audiences.");
            case CreateOutcome.TooMany:
                throw GraphException.BadRequest(
                    $"The application has {ICredentials.MostFederatedCredentials} federated credentials, which is as many as may be; remove one first.");
            case CreateOutcome.Unknown:
                throw GraphException.NotFound("application", call.Values[0]);
            default:
                return;
        }
    }

    private static FederatedCredentialRecord Checked(FederatedCredentialRecord credential)
    {
        if (!Uri.TryCreate(credential.Issuer, UriKind.Absolute, out var issuer) || issuer.Scheme != Uri.UriSchemeHttps || issuer.Fragment.Length > 0)
            throw GraphException.BadRequest("The property 'issuer' must be the https address that tokens name in 'iss', exactly.");
        if (credential.Audiences.Count == 0 || credential.Audiences.Any(a => a.Length is 0 or > MaxText || a.Any(char.IsControl)))
            throw GraphException.BadRequest($"The property 'audiences' must have one entry at least, each with 1 to {MaxText} characters.");
        return credential;
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_-]{2,119}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
