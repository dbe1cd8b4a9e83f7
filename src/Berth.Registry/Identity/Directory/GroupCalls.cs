using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Directory;

/// <summary>The calls about groups and who is in them.</summary>
internal sealed class GroupCalls(IPrincipals principals, DirectoryObjects objects)
{
    private const string ObjectsPath = "/directoryObjects/";

    /// <summary>The calls.</summary>
    public IReadOnlyList<GraphRoute> Routes =>
    [
        new("GET", "groups", GraphNeed.Read, ListAsync),
        new("POST", "groups", GraphNeed.Write, CreateAsync),
        new("GET", "groups/{}", GraphNeed.Read, ShowAsync),
        new("PATCH", "groups/{}", GraphNeed.Write, UpdateAsync),
        new("DELETE", "groups/{}", GraphNeed.Write, DeleteAsync),
        new("GET", "groups/{}/members", GraphNeed.Read, ListMembersAsync),
        new("POST", "groups/{}/members/$ref", GraphNeed.Write, AddMemberAsync),
        new("DELETE", "groups/{}/members/{}/$ref", GraphNeed.Write, RemoveMemberAsync),
        new("GET", "groups/{}/memberOf", GraphNeed.Read, async call => await MemberOfAsync(call, await objects.GroupAsync(call.Values[0], call.Aborted))),
        new("GET", "users/{}/memberOf", GraphNeed.Read, async call => await MemberOfAsync(call, await objects.UserAsync(call.Values[0], call.Aborted))),
        new("GET", "servicePrincipals/{}/memberOf", GraphNeed.Read, async call =>
            await MemberOfAsync(call, await objects.ServicePrincipalAsync(call.Values[0], call.Aborted))),
    ];

    private async Task ListAsync(GraphCall call)
    {
        // The Azure CLI asks for both before it makes a group. A group's name is its own, so its nickname is no other.
        var filters = GraphFilter.AllOf(call, "displayName", "mailNickname");
        var (groups, next) = await GraphPaging.ReadAsync(
            principals, PrincipalKind.Group, GraphPaging.AfterOf(call), GraphPaging.TopOf(call), group => filters.All(filter => filter.Meets(GraphJson.DisplayNameOf(group))),
            call.Aborted);
        await call.AnswerListAsync(groups, GraphJson.Group, next);
    }

    private async Task ShowAsync(GraphCall call)
    {
        var group = await objects.GroupAsync(call.Values[0], call.Aborted);
        await call.AnswerAsync(StatusCodes.Status200OK, json => GraphJson.Group(json, group));
    }

    private async Task CreateAsync(GraphCall call)
    {
        var body = await call.ReadBodyAsync();
        var name = body.RequiredText("displayName").Trim();
        if (name.AsSpan().ContainsAny('/', '@', ':')) throw GraphException.BadRequest("The property 'displayName' of a group must have no '/', '@' or ':'.");
        body.Text("mailNickname");
        if (body.Flag("mailEnabled") == true) throw GraphException.BadRequest("The property 'mailEnabled' must be false: there is no mail here.");
        if (body.Flag("securityEnabled") == false) throw GraphException.BadRequest("The property 'securityEnabled' must be true: groups are for giving roles to.");

        var made = await principals.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.Group, name, name), call.Caller, call.Aborted);
        if (made is not { Outcome: CreateOutcome.Created, Record: { } group })
            throw GraphException.Taken($"Another object with the value '{name}' for the property 'displayName' exists already; a group's name is its own.");
        await call.AnswerAsync(StatusCodes.Status201Created, json => GraphJson.Group(json, group));
    }

    private async Task UpdateAsync(GraphCall call)
    {
        var group = await objects.GroupAsync(call.Values[0], call.Aborted);
        var body = await call.ReadBodyAsync();
        body.AllowOnly("displayName", "mailEnabled", "securityEnabled");
        if (body.Text("displayName") is { } name && name != group.Name)
            throw GraphException.BadRequest("The property 'displayName' of a group cannot be changed; make a group of the new name.");
        await call.DoneAsync();
    }

    private async Task DeleteAsync(GraphCall call)
    {
        var group = await objects.GroupAsync(call.Values[0], call.Aborted);
        if (!await principals.DeletePrincipalAsync(group.Id, call.Caller, call.Aborted)) throw GraphException.NotFound("group", call.Values[0]);
        await call.DoneAsync();
    }

    private async Task ListMembersAsync(GraphCall call)
    {
        var group = await objects.GroupAsync(call.Values[0], call.Aborted);
        try
        {
            var page = await principals.ListMembersAsync(group.Id, GraphPaging.AfterOf(call), GraphPaging.TopOf(call), call.Aborted);
            await call.AnswerListAsync(page.Items, GraphJson.Object, page.More ? page.Last : null);
        }
        catch (FormatException)
        {
            throw GraphException.BadRequest("$skiptoken is none that an @odata.nextLink had; begin the list anew without it.");
        }
    }

    private async Task AddMemberAsync(GraphCall call)
    {
        var group = await objects.GroupAsync(call.Values[0], call.Aborted);
        var body = await call.ReadBodyAsync();
        var reference = body.RequiredText("@odata.id", 1_000);
        var at = reference.LastIndexOf(ObjectsPath, StringComparison.OrdinalIgnoreCase);
        if (at < 0) throw GraphException.BadRequest($"The property '@odata.id' must end with {ObjectsPath} and the member's id.");

        var id = reference[(at + ObjectsPath.Length)..];
        var member = await objects.FindAsync(id, call.Aborted) ?? throw GraphException.NotFound("directory object", id);
        if (member.Id == group.Id) throw GraphException.BadRequest("A group cannot be a member of itself.");
        switch (await principals.AddMemberAsync(group.Id, member.Id, call.Caller, call.Aborted))
        {
            case AddMemberOutcome.Present:
                throw GraphException.BadRequest("One or more added object references already exist for the following modified properties: 'members'.");
            case AddMemberOutcome.Unknown:
                throw GraphException.NotFound("group or member", id);
            default:
                await call.DoneAsync();
                break;
        }
    }

    private async Task RemoveMemberAsync(GraphCall call)
    {
        var group = await objects.GroupAsync(call.Values[0], call.Aborted);
        var member = await objects.FindAsync(call.Values[1], call.Aborted);
        if (member is null || !await principals.RemoveMemberAsync(group.Id, member.Id, call.Caller, call.Aborted))
            throw GraphException.NotFound("member", call.Values[1]);
        await call.DoneAsync();
    }

    private async Task MemberOfAsync(GraphCall call, PrincipalRecord record)
    {
        var groups = await principals.ListGroupsAsync(record.Id, call.Aborted);
        await call.AnswerListAsync(groups.Where(group => group.Through == record.Id), GraphJson.GroupOf);
    }
}
