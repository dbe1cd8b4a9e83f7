using System.CommandLine;
using Berth.Cli.Acr;
using Berth.Cli.Session;

namespace Berth.Cli.Health;

/// <summary><c>acr check-health</c>: where the way from this machine to a registry is broken. It needs no control plane, so that any registry may be looked at.</summary>
internal static class HealthCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var registry = new RegistryArguments("--name", "-n", "--host", "--registry", "-r") { IsOptional = true };
        var repository = ApiCommand.Optional("A repository, of which a manifest is read.", "--repository");
        var image = ApiCommand.Optional("An image (repository:tag or repository@digest), whose manifest is read.", "--image", "-t");
        var goesOn = ApiCommand.Switch("Go on after an error with what does not need it.", "--ignore-errors");
        var yes = ApiCommand.Switch("Do not ask; nothing is asked here, as no image is stored.", "--yes", "-y");
        var command = new Command("check-health", "Checks this machine's tools and the way to a registry: DNS, connection, certificate, network rules, clock, tokens, list and pull. Exit code 1 with an error.")
        {
            repository, image, goesOn, yes,
        };
        var output = new OutputOptions();
        registry.AddTo(command);
        output.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var printer = output.Read(parsed);
            var isForPeople = !output.IsGiven(parsed);
            var pulled = ImageName.OptionalIn(parsed, repository, image);
            var target = await registry.FindAsync(parsed, cancellationToken);
            var checks = new List<HealthCheck>();
            await SeeAsync(await ToolProbe.LookAsync(cancellationToken));
            if (target is not null)
            {
                await foreach (var check in new HealthRun(target, pulled, parsed.GetValue(goesOn)).RunAsync(cancellationToken)) await SeeAsync(check);
            }

            if (!isForPeople) await printer.WriteAsync(Json.Array(checks.Select(check => check.ToJson())));
            if (checks.Find(check => check.Status == HealthStatus.Error) is not { } error) return ExitCodes.Done;
            await Console.Error.WriteLineAsync($"berth: {target!.Address.Authority} is not healthy: {error.Code}.");
            return ExitCodes.Failure;

            async Task SeeAsync(HealthCheck check)
            {
                checks.Add(check);
                if (isForPeople) await Console.Out.WriteLineAsync(check.ToText());
            }
        });
        return command;
    }
}
