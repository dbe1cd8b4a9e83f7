using Berth.Metadata;
using Berth.Registry.Identity.OutsideAccounts;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>The way back from the outside provider: who signed in there goes on with what was begun here.</summary>
internal sealed class OutsideReturn(
    OutsideDoor door, Provider provider, OutsidePeople people, CodeGrants codes, DeviceGrants devices, IdentityOptions options)
{
    private const int MaxCodeLength = 8 * 1024;

    /// <summary>Takes what the provider sent along.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var payload = await door.TakeAsync(context, One(query, "state"));
        var back = payload.Request;
        try
        {
            await CheckSenderAsync(One(query, "iss"), context.RequestAborted);
            if (One(query, "code") is not { Length: <= MaxCodeLength } code)
            {
                await RefuseAsync(context, back, "access_denied", $"{options.Provider.Name} did not let this person in ({Federation.Printable.Of(One(query, "error") ?? "no code", 60)}).");
                return;
            }

            var (person, session) = await people.SignInAsync(context, code, door.ReturnAddress, payload.Verifier, payload.Nonce);
            await GoOnAsync(context, payload, person, session);
        }
        catch (ProviderException e) when (e.Fault == ProviderFault.Unavailable)
        {
            throw OutsideDoor.Unavailable(options);
        }
        catch (ProviderException e)
        {
            await SignInPage.WriteErrorAsync(context, StatusCodes.Status403Forbidden, $"You are not signed in with {options.Provider.Name}: {Federation.Printable.Of(e.Message, 300)}.");
        }
    }

    // Else the code of one provider could be sent to another (RFC 9207).
    private async Task CheckSenderAsync(string? sender, CancellationToken cancellationToken)
    {
        var isNamed = (await provider.AddressesAsync(cancellationToken)).NamesItself;
        if (sender is null ? isNamed : sender != options.Provider.Issuer)
            throw new ProviderException(ProviderFault.Unusable, "another provider sent this browser");
    }

    private async Task GoOnAsync(HttpContext context, OutsidePayload payload, PrincipalRecord person, OutsideSession session)
    {
        if (payload.Request is { } request)
        {
            await request.Return.SendAsync(context, ("code", await codes.IssueAsync(request, person, session, context.RequestAborted)));
            return;
        }

        await DeviceSignIn.EndAsync(
            context, await devices.DecideAsync(payload.UserCode!, person, session, context.RequestAborted),
            $"The device is signed in as {person.Name}. You can close this page.");
    }

    private static Task RefuseAsync(HttpContext context, AuthorizationRequest? request, string error, string description) => request is null
        ? SignInPage.WriteErrorAsync(context, StatusCodes.Status403Forbidden, description)
        : request.Return.SendAsync(context, ("error", error), ("error_description", description));

    private static string? One(IQueryCollection query, string name) => query[name] is [{ Length: > 0 } value] ? value : null;
}
