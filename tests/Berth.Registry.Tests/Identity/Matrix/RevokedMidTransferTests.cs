using System.Net;
using Berth.Metadata;

namespace Berth.Registry.Tests.Identity.Matrix;

/// <summary>Somebody whose right ends while an upload is under way: what was begun goes no further, by a secret or by a token that is out already.</summary>
public sealed class RevokedMidTransferTests
{
    private static readonly byte[] Whole = [.. "first "u8, .. DataProbe.New];

    [Theory]
    [InlineData("assignment", false, HttpStatusCode.Forbidden)]
    [InlineData("assignment", true, HttpStatusCode.Unauthorized)]
    [InlineData("disabled", false, HttpStatusCode.Unauthorized)]
    [InlineData("disabled", true, HttpStatusCode.Unauthorized)]
    [InlineData("mode", false, HttpStatusCode.Forbidden)]
    [InlineData("mode", true, HttpStatusCode.Unauthorized)]
    public async Task A_principal_that_lost_its_right_neither_goes_on_nor_finishes_nor_cancels(string what, bool byToken, HttpStatusCode refusal)
    {
        await using var matrix = await MatrixHost.StartAsync();
        var metadata = matrix.Host.Metadata;
        var principal = await matrix.MakePrincipalAsync();
        var assignment = await matrix.Host.AssignAsync(principal.Name, "AcrPush");
        using var basic = matrix.BasicOf(principal);
        using var client = byToken ? matrix.Host.BearerOf(await MatrixHost.TokenAsync(basic, null, "repository:team/app:pull,push")) : matrix.BasicOf(principal);
        var upload = await MatrixHost.BeginUploadAsync(client);

        if (what == "assignment") await metadata.DeleteRoleAssignmentAsync(assignment, Caller.System, CancellationToken.None);
        else if (what == "disabled") await metadata.UpdatePrincipalAsync(principal.Id, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);
        else await matrix.Host.UseModeAsync(RoleAssignmentMode.AbacRepositoryPermissions);
        await CheckRefusedAsync(client, upload, refusal);
        matrix.Host.Time.Advance(TimeSpan.FromSeconds(90));
        await CheckRefusedAsync(client, upload, refusal);

        // Let in again, it finds its session where it stood.
        if (what == "assignment") await matrix.Host.AssignAsync(principal.Name, "AcrPush");
        else if (what == "disabled") await metadata.UpdatePrincipalAsync(principal.Id, new PrincipalChanges(Enabled: true), Caller.System, CancellationToken.None);
        else await matrix.Host.UseModeAsync(RoleAssignmentMode.LegacyRegistryPermissions);
        using var status = await basic.GetAsync(new Uri($"/v2/team/app/blobs/uploads/{upload}", UriKind.Relative));
        Assert.Equal((HttpStatusCode.NoContent, "0-5"), (status.StatusCode, status.Headers.GetValues("Range").Single()));
    }

    [Fact]
    public async Task A_repository_token_that_was_disabled_or_lost_its_lines_goes_no_further()
    {
        await using var matrix = await MatrixHost.StartAsync();
        var metadata = matrix.Host.Metadata;
        var registry = (await metadata.FindRegistryAsync("local", CancellationToken.None))!;
        string[] lines = ["repositories/team/app/content/read", "repositories/team/app/content/write"];
        using var basic = matrix.BasicOf(await matrix.MakeTokenAsync("local", "pusher", lines));
        using var bearer = matrix.Host.BearerOf(await MatrixHost.TokenAsync(basic, null, "repository:team/app:pull,push"));
        var upload = await MatrixHost.BeginUploadAsync(bearer);

        await metadata.PutScopeMapAsync(new ScopeMapRecord(registry.Id, "pusher", "", lines[..1], SystemDefined: false), Caller.System, CancellationToken.None);
        await CheckRefusedAsync(basic, upload, HttpStatusCode.Forbidden);
        await CheckRefusedAsync(bearer, upload, HttpStatusCode.Unauthorized);
        await metadata.PutScopeMapAsync(new ScopeMapRecord(registry.Id, "pusher", "", lines, SystemDefined: false), Caller.System, CancellationToken.None);
        await metadata.PutTokenAsync(registry.Id, "pusher", "pusher", enabled: false, Caller.System, CancellationToken.None);
        await CheckRefusedAsync(basic, upload, HttpStatusCode.Unauthorized);
        await CheckRefusedAsync(bearer, upload, HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.NotFound, (await matrix.Host.Client.GetAsync(new Uri($"/v2/team/app/blobs/{DataProbe.DigestOf(Whole)}", UriKind.Relative))).StatusCode);
    }

    private static async Task CheckRefusedAsync(HttpClient client, string upload, HttpStatusCode refusal)
    {
        foreach (var method in new[] { "GET", "PATCH", "PUT", "DELETE" })
        {
            var query = method == "PUT" ? $"?digest={DataProbe.DigestOf(Whole)}" : "";
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri($"/v2/team/app/blobs/uploads/{upload}{query}", UriKind.Relative));
            if (method is "PATCH" or "PUT") request.Content = new ByteArrayContent(DataProbe.New);
            using var answer = await client.SendAsync(request);
            Assert.Equal((method, refusal), (method, answer.StatusCode));
        }
    }
}
