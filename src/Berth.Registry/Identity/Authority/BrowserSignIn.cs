using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>The page where a person signs in for a program (RFC 6749, 3.1). No sign-in is kept: each one takes the password, or leads to the outside provider.</summary>
internal sealed class BrowserSignIn(CodeGrants codes, PersonProofs people, AuthorityTokens tokens, PublicNames names, OutsideDoor door)
{
    /// <summary>Shows the page, or takes what was entered in it.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        var (clientId, sender) = AuthorizationRequest.ReadSender(context.Request.Query);
        AuthorizationRequest request;
        try
        {
            request = AuthorizationRequest.Read(context.Request.Query, clientId, sender);
            RequestedAccess.Parse(request.Scope, request.Resource, tokens.Audiences, names.ArmEndpoint);
        }
        catch (AuthorityException e)
        {
            await sender.SendAsync(context, ("error", e.Error), ("error_description", e.Description));
            return;
        }

        if (HttpMethods.IsPost(context.Request.Method)) await DecideAsync(context, request);
        else await AskAsync(context, StatusCodes.Status200OK, request, request.Hint ?? "", null);
    }

    private async Task DecideAsync(HttpContext context, AuthorizationRequest request)
    {
        var form = await RequestForm.ReadAsync(context);
        var (name, password) = (form.Optional("username"), form.Optional("password"));
        if (!FormGuard.IsOurs(context, form))
        {
            await AskAsync(
                context, StatusCodes.Status400BadRequest, request, name ?? "", "The page had been open for too long, or its cookie was not kept; please try again.");
            return;
        }

        if (form.Optional("decision") == "deny")
        {
            await request.Return.SendAsync(context, ("error", "access_denied"), ("error_description", "The person said no."));
            return;
        }

        if (form.Optional("decision") == OutsideDoor.Decision)
        {
            await door.LeaveAsync(context, new OutsidePayload(request, null), request.Hint);
            return;
        }

        var person = name is null || password is null ? null : await people.FindAsync(context, name, password);
        if (person is null)
        {
            await AskAsync(context, StatusCodes.Status400BadRequest, request, name ?? "", AuthorityException.BadPassword().Message);
            return;
        }

        await request.Return.SendAsync(context, ("code", await codes.IssueAsync(request, person, null, context.RequestAborted)));
    }

    private Task AskAsync(HttpContext context, int status, AuthorizationRequest request, string name, string? error)
    {
        var here = SignInPage.Text(context.Request.PathBase + context.Request.Path + context.Request.QueryString);
        return SignInPage.WriteAsync(
            context, status, "Sign in", $"""
            <p>{SignInPage.Program(request.ClientId)}, on this machine at <code>{SignInPage.Text(request.Return.Origin)}</code>, asks to act with your rights. Go on only if you began this yourself.</p>
            {SignInPage.Paragraph(error, isError: true)}
            <form method="post" action="{here}">{FormGuard.FieldFor(context)}
            {SignInPage.Credentials(name)}
            <button name="decision" value="allow">Sign in</button><button class="quiet" name="decision" value="deny" formnovalidate>Cancel</button>{door.Button}</form>
            """,
            request.Return.Origin);
    }
}
