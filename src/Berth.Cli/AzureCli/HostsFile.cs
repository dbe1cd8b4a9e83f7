using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Berth.Cli.Session;

namespace Berth.Cli.AzureCli;

/// <summary>The names that this machine resolves without asking anybody.</summary>
internal static class HostsFile
{
    /// <summary>Where it stands.</summary>
    public const string Location = "/etc/hosts";

    /// <summary>The line that leads the names that do not resolve to where the address does; null when all of them resolve.</summary>
    /// <exception cref="ClientException">One of the names is none: a server that says so has no business in this file.</exception>
    public static async Task<string?> LineForAsync(Uri address, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var unknown = new List<string>();
        foreach (var name in names)
        {
            if (!IsName(name)) throw new ClientException($"the server says that a host of the installation is '{Printable(name)}', which is no host's name; nothing was written.");
            if (!await ResolvesAsync(name, cancellationToken)) unknown.Add(name);
        }

        return unknown.Count == 0 ? null : $"{await FindAsync(address, cancellationToken)} {string.Join(' ', unknown)}";
    }

    /// <summary>Adds a line.</summary>
    /// <exception cref="ClientException">It may not be written.</exception>
    public static async Task AddAsync(string line, CancellationToken cancellationToken)
    {
        try
        {
            var standing = await File.ReadAllTextAsync(Location, cancellationToken);
            await File.AppendAllTextAsync(Location, $"{(standing.Length == 0 || standing.EndsWith('\n') ? "" : "\n")}{line}\n", cancellationToken);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new ClientException($"{Location} cannot be written ({e.Message}); run again as root, or add this line yourself: {line}");
        }
    }

    // With anything else, such as a line's end, the line could be two.
    private static bool IsName(string text) =>
        text.Length is > 0 and <= 253 && text[0] is not ('-' or '.') && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');

    private static string Printable(string text) => new([.. text.Take(100).Select(c => char.IsControl(c) ? '?' : c)]);

    // As programs in C and Python see it: names below localhost, which this runtime may know by itself, are not theirs.
    private static async Task<bool> ResolvesAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("getent", ["ahosts", name]) { RedirectStandardOutput = true, UseShellExecute = false })!;
            await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return await AddressesAsync(name, cancellationToken) is not [];
        }
    }

    private static async Task<IPAddress> FindAsync(Uri address, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(address.DnsSafeHost, out var given)) return given;
        if (address.Host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)) return IPAddress.Loopback;
        var found = await AddressesAsync(address.Host, cancellationToken);
        return found.FirstOrDefault(one => one.AddressFamily == AddressFamily.InterNetwork) ?? found.FirstOrDefault()
            ?? throw new ClientException($"'{address.Host}' does not resolve on this machine.");
    }

    private static async Task<IPAddress[]> AddressesAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(name, cancellationToken);
        }
        catch (SocketException)
        {
            return [];
        }
    }
}
