using System.Text;

namespace Berth.Cli.Session;

/// <summary>What comes on stdin.</summary>
internal static class Input
{
    /// <summary>All of it as text.</summary>
    /// <exception cref="ClientException">It is longer than so many bytes, or is no UTF-8.</exception>
    public static async Task<string> ReadAsync(int limit, CancellationToken cancellationToken)
    {
        await using var input = Console.OpenStandardInput();
        return await ReadAsync(input, "stdin", limit, cancellationToken);
    }

    /// <summary>All of a stream as text.</summary>
    /// <exception cref="ClientException">It is longer than so many bytes, or is no UTF-8.</exception>
    public static async Task<string> ReadAsync(Stream input, string name, int limit, CancellationToken cancellationToken)
    {
        var buffer = new byte[limit + 1];
        var length = await input.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > limit) throw new ClientException($"{name} holds more than the {limit} bytes that are read.");
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(buffer, 0, length);
        }
        catch (DecoderFallbackException)
        {
            throw new ClientException($"{name} is no UTF-8 text.");
        }
    }
}
