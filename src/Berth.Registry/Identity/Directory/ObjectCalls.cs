using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Directory;

/// <summary>The calls about directory objects of any kind, and about the caller.</summary>
internal sealed class ObjectCalls(IPrincipals principals, DirectoryObjects objects, Authenticator authenticator)
{
    private const int MostIds = 1_000;

    /// <summary>The calls.</summary>
    public IReadOnlyList<GraphRoute> Routes =>
    [
        new("POST", "directoryObjects/getByIds", GraphNeed.Read, GetByIdsAsync),
        new("GET", "directoryObjects/{}", GraphNeed.Read, ShowAsync),
        new("GET", "me", GraphNeed.Token, ShowMeAsync),
        new("POST", "me/changePassword", GraphNeed.Token, ChangePasswordAsync),
    ];

    private async Task GetByIdsAsync(GraphCall call)
    {
        var body = await call.ReadBodyAsync();
        var ids = body.Texts("ids", MostIds) ?? throw body.Missing("ids");
        var types = body.Texts("types", MostIds);
        var found = new List<PrincipalRecord>();
        foreach (var id in ids.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (await objects.FindAsync(id, call.Aborted) is { } record && IsMeant(record, types)) found.Add(record);
        }

        await call.AnswerListAsync(found, GraphJson.Object);
    }

    private async Task ShowAsync(GraphCall call)
    {
        var record = await objects.FindAsync(call.Values[0], call.Aborted) ?? throw GraphException.NotFound("directory object", call.Values[0]);
        await call.AnswerAsync(StatusCodes.Status200OK, json => GraphJson.Object(json, record));
    }

    private async Task ShowMeAsync(GraphCall call)
    {
        var me = await MeAsync(call);
        await call.AnswerAsync(StatusCodes.Status200OK, json => GraphJson.Object(json, me));
    }

    private async Task ChangePasswordAsync(GraphCall call)
    {
        var me = await MeAsync(call);
        if (me.Kind != PrincipalKind.User) throw GraphException.BadRequest("A service principal has no password of its own; give it a secret with addPassword.");

        var body = await call.ReadBodyAsync();
        var current = body.RawText("currentPassword") ?? throw body.Missing("currentPassword");
        var next = body.RawText("newPassword") ?? throw body.Missing("newPassword");
        if (next == current) throw GraphException.BadRequest("The property 'newPassword' must be another password than the current one.");
        if (await authenticator.AuthenticatePersonAsync(call.Context, me.Name, current) is not { } known || known.Id != me.Id)
            throw GraphException.BadRequest("The property 'currentPassword' is not the current password.");

        var changes = new PrincipalChanges(PasswordHash: NewPassword.Hash(next, "newPassword"));
        _ = await principals.UpdatePrincipalAsync(me.Id, changes, call.Caller, call.Aborted) ?? throw GraphException.NotFound("user", me.ObjectId);
        await call.DoneAsync();
    }

    private async ValueTask<PrincipalRecord> MeAsync(GraphCall call) =>
        await principals.FindPrincipalByIdAsync(call.Principal.Id, call.Aborted) ?? throw GraphException.NotFound("user", call.Principal.Name);

    private static bool IsMeant(PrincipalRecord record, IReadOnlyList<string>? types) => types is null or []
        || types.Any(type => type.Equals("directoryObject", StringComparison.OrdinalIgnoreCase) || type.Equals(GraphJson.TypeOf(record), StringComparison.OrdinalIgnoreCase));
}
