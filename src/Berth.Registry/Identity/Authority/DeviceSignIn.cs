using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>The two doors of a device's sign-in: the address where it begins, and the page where its user lets it in.</summary>
internal sealed class DeviceSignIn(ClientProofs clients, DeviceGrants devices, PersonProofs people, AuthorityTokens tokens, PublicNames names, OutsideDoor door)
{
    private const int MaxCodeLength = 32;

    private string Address => names.LoginEndpoint + AuthorityPath.Device;

    /// <summary>Begins a sign-in (RFC 8628, 3.1 and 3.2).</summary>
    public async Task StartAsync(HttpContext context)
    {
        var form = await RequestForm.ReadAsync(context);
        var client = await clients.IdentifyAsync(context, form);
        var (scope, resource) = (form.Optional("scope"), form.Optional("resource"));

        // What cannot be given is refused now, not when a person has signed in for it.
        RequestedAccess.Parse(scope, resource, tokens.Audiences, names.ArmEndpoint);
        var address = context.Connection.RemoteIpAddress;
        var (deviceCode, userCode) = await devices.StartAsync(
            new DevicePayload(client.Id, scope, resource, address?.ToString(), 0, 0, 0, client.IsProven), address, context.RequestAborted);
        await AuthorityJson.WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteString("user_code"u8, userCode);
            json.WriteString("device_code"u8, deviceCode);
            json.WriteString("verification_uri"u8, Address);
            json.WriteNumber("expires_in"u8, (long)DeviceGrants.Lifetime.TotalSeconds);
            json.WriteNumber("interval"u8, (long)DeviceGrants.Interval.TotalSeconds);
            json.WriteString("message"u8, $"To sign in, use a web browser to open the page {Address} and enter the code {userCode} to authenticate.");
        });
    }

    /// <summary>The page: asks for the code, says who asks, takes name and password, and the decision.</summary>
    public async Task AnswerPageAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            await AskForCodeAsync(context, StatusCodes.Status200OK, Shorten(context.Request.Query["user_code"].ToString()), null);
            return;
        }

        var form = await RequestForm.ReadAsync(context);
        var code = Shorten(form.Optional("user_code") ?? "");
        if (!FormGuard.IsOurs(context, form))
        {
            await AskForCodeAsync(context, StatusCodes.Status400BadRequest, code, "The page had been open for too long, or its cookie was not kept; please try again.");
            return;
        }

        if (await devices.FindPendingAsync(code, context.Connection.RemoteIpAddress, context.RequestAborted) is not { } device)
        {
            await AskForCodeAsync(context, StatusCodes.Status400BadRequest, "", "This code is unknown, used or expired.");
            return;
        }

        await (form.Optional("decision") switch
        {
            "allow" => AllowAsync(context, form, code, device),
            OutsideDoor.Decision => door.LeaveAsync(context, new OutsidePayload(null, code), null),
            "deny" => EndAsync(context, await devices.DecideAsync(code, null, null, context.RequestAborted), "The device was not let in."),
            _ => AskForPersonAsync(context, StatusCodes.Status200OK, code, device, "", null),
        });
    }

    /// <summary>Says how it ended.</summary>
    public static Task EndAsync(HttpContext context, bool isDone, string message) => isDone
        ? SignInPage.WriteAsync(context, StatusCodes.Status200OK, "Done", SignInPage.Paragraph(message))
        : SignInPage.WriteErrorAsync(context, StatusCodes.Status400BadRequest, "This code is used or has expired; begin again on the device.");

    private async Task AllowAsync(HttpContext context, IFormCollection form, string code, DevicePayload device)
    {
        var (name, password) = (form.Optional("username"), form.Optional("password"));
        var person = name is null || password is null ? null : await people.FindAsync(context, name, password);
        if (person is null)
        {
            await AskForPersonAsync(context, StatusCodes.Status400BadRequest, code, device, name ?? "", AuthorityException.BadPassword().Message);
            return;
        }

        await EndAsync(context, await devices.DecideAsync(code, person, null, context.RequestAborted), "The device is signed in. You can close this page.");
    }

    private static Task AskForCodeAsync(HttpContext context, int status, string code, string? error) => SignInPage.WriteAsync(context, status, "Sign in a device", $"""
        {SignInPage.Paragraph(error, isError: true)}
        <form method="post" action="{AuthorityPath.Device}">{FormGuard.FieldFor(context)}
        <label>The code that the device shows<input name="user_code" value="{SignInPage.Text(code)}" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="{MaxCodeLength}" required autofocus></label>
        <button>Next</button></form>
        """);

    private Task AskForPersonAsync(HttpContext context, int status, string code, DevicePayload device, string name, string? error) =>
        SignInPage.WriteAsync(context, status, "Sign in a device", $"""
            <p>{SignInPage.Program(device.ClientId)}, at the address <code>{SignInPage.Text(device.Address ?? "unknown")}</code>, asks to act with your rights. Go on only if you began this yourself and the code <code>{SignInPage.Text(code)}</code> is on your own screen.</p>
            {SignInPage.Paragraph(error, isError: true)}
            <form method="post" action="{AuthorityPath.Device}">{FormGuard.FieldFor(context)}{SignInPage.Hidden("user_code", code)}
            {SignInPage.Credentials(name)}
            <button name="decision" value="allow">Sign in</button><button class="quiet" name="decision" value="deny" formnovalidate>Do not let it in</button>{door.Button}</form>
            """);

    private static string Shorten(string code) => ClientText.Shorten(code, MaxCodeLength);
}
