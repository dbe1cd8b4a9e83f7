using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Directory;

/// <summary>The calls about people.</summary>
internal sealed class UserCalls(IPrincipals principals, DirectoryObjects objects)
{
    /// <summary>The calls.</summary>
    public IReadOnlyList<GraphRoute> Routes =>
    [
        new("GET", "users", GraphNeed.Read, ListAsync),
        new("POST", "users", GraphNeed.Write, CreateAsync),
        new("GET", "users/{}", GraphNeed.Read, ShowAsync),
        new("PATCH", "users/{}", GraphNeed.Write, UpdateAsync),
        new("DELETE", "users/{}", GraphNeed.Write, DeleteAsync),
    ];

    private async Task ListAsync(GraphCall call)
    {
        var filter = GraphFilter.Of(call, "userPrincipalName", "displayName");
        var (users, next) = await GraphPaging.ReadAsync(
            principals, PrincipalKind.User, GraphPaging.AfterOf(call), GraphPaging.TopOf(call),
            user => filter is null || filter.Meets(filter.Property == "displayName" ? GraphJson.DisplayNameOf(user) : user.Name), call.Aborted);
        await call.AnswerListAsync(users, GraphJson.User, next);
    }

    private async Task ShowAsync(GraphCall call)
    {
        var user = await objects.UserAsync(call.Values[0], call.Aborted);
        await call.AnswerAsync(StatusCodes.Status200OK, json => GraphJson.User(json, user));
    }

    private async Task CreateAsync(GraphCall call)
    {
        var body = await call.ReadBodyAsync();
        var name = UserNameOf(body);
        var displayName = body.RequiredText("displayName");
        body.Text("mailNickname");
        if (body.Flag("accountEnabled") is not { } enabled) throw body.Missing("accountEnabled");
        if (NewPassword.Of(body) is not { } hash) throw body.Missing("passwordProfile");

        var made = await principals.CreatePrincipalAsync(
            new NewPrincipal(PrincipalKind.User, name, displayName, PasswordHash: hash, Enabled: enabled), call.Caller, call.Aborted);
        if (made is not { Outcome: CreateOutcome.Created, Record: { } user })
            throw GraphException.Taken($"Another object with the value '{name}' for the property 'userPrincipalName' exists already.");
        await call.AnswerAsync(StatusCodes.Status201Created, json => GraphJson.User(json, user));
    }

    private async Task UpdateAsync(GraphCall call)
    {
        var user = await objects.UserAsync(call.Values[0], call.Aborted);
        if (user.Name == OwnerAccount.Name && call.Principal.Id != user.Id)
            throw GraphException.Denied($"The account '{OwnerAccount.Name}' is changed by itself alone.");

        var body = await call.ReadBodyAsync();
        body.AllowOnly("accountEnabled", "displayName", "passwordProfile");
        var changes = new PrincipalChanges(body.Text("displayName"), body.Flag("accountEnabled"), NewPassword.Of(body));
        if (user.Name == OwnerAccount.Name && changes.Enabled == false)
            throw GraphException.Denied($"The account '{OwnerAccount.Name}' cannot be disabled: it is the way back in.");
        if (user.Issuer is not null && changes.PasswordHash is not null)
            throw GraphException.BadRequest($"'{user.Name}' signs in with the outside provider '{user.Issuer}' and has no password here.");
        _ = await principals.UpdatePrincipalAsync(user.Id, changes, call.Caller, call.Aborted) ?? throw GraphException.NotFound("user", call.Values[0]);
        await call.DoneAsync();
    }

    private async Task DeleteAsync(GraphCall call)
    {
        var user = await objects.UserAsync(call.Values[0], call.Aborted);
        if (user.Name == OwnerAccount.Name) throw GraphException.Denied($"The account '{OwnerAccount.Name}' cannot be deleted: it is the way back in.");
        if (!await principals.DeletePrincipalAsync(user.Id, call.Caller, call.Aborted)) throw GraphException.NotFound("user", call.Values[0]);
        await call.DoneAsync();
    }

    private static string UserNameOf(GraphBody body)
    {
        // In lower case, as it is looked up; no other kind of principal has a name with '@' in it.
        var name = body.RequiredText("userPrincipalName").ToLowerInvariant();
        return UserPrincipalName.IsGood(name) ? name : throw GraphException.BadRequest(
            "The property 'userPrincipalName' must look like name@domain, with one '@' and no space, colon, slash or apostrophe.");
    }
}
