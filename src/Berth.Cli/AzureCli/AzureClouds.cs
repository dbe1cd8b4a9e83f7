using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.AzureCli;

/// <summary>The clouds that the Azure CLI of this machine knows.</summary>
internal static class AzureClouds
{
    /// <summary>Makes a cloud known under a name, or changes the one of that name, and selects it.</summary>
    /// <exception cref="ClientException">There is no Azure CLI, or it refused.</exception>
    public static async Task SelectAsync(string name, JsonElement cloud, CancellationToken cancellationToken)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, cloud.GetRawText(), cancellationToken);
            var isKnown = (await RunAsync(["cloud", "show", "--name", name], cancellationToken)).ExitCode == 0;
            await RequireAsync(["cloud", isKnown ? "update" : "register", "--name", name, "--cloud-config", $"@{file}"], cancellationToken);
            await RequireAsync(["cloud", "set", "--name", name], cancellationToken);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task RequireAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var (status, errors) = await RunAsync(arguments, cancellationToken);
        if (status != 0) throw new ClientException($"'az {string.Join(' ', arguments)}' ended with {status}: {errors.Trim()}");
    }

    // What it prints is no answer of ours.
    private static async Task<(int ExitCode, string Errors)> RunAsync(IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("az", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = await process.StandardError.ReadToEndAsync(cancellationToken);
            await output;
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, errors);
        }
        catch (Win32Exception)
        {
            throw new ClientException("there is no az in PATH; install the Azure CLI first (Debian's package is azure-cli).");
        }
    }
}
