using System.CommandLine;
using System.Text.Json;
using Berth.Registry.Lifecycle;

namespace Berth.Server.Commands;

/// <summary>The forms in which a backup and a restore say what they did.</summary>
internal enum CopyOutput
{
    /// <summary>For people: a line for each lost blob, and one for the whole.</summary>
    Text,

    /// <summary>One JSON object.</summary>
    Json,
}

/// <summary>Says on stdout what a backup or a restore did.</summary>
internal static class CopyReport
{
    /// <summary>The flag that chooses the form.</summary>
    public static Option<CopyOutput> OutputOption() => new("--output", "-o") { Description = "text or json.", DefaultValueFactory = _ => CopyOutput.Text };

    /// <summary>Says it; the result is the exit code.</summary>
    /// <param name="output">The form.</param>
    /// <param name="folder">What was made.</param>
    /// <param name="copy">What was done.</param>
    /// <param name="sentence">The line for the whole.</param>
    public static int Write(CopyOutput output, string folder, BlobCopyResult copy, string sentence)
    {
        if (output == CopyOutput.Json) WriteJson(folder, copy);
        else WriteText(copy, sentence);
        return copy.Lost.Count == 0 ? ExitCodes.Success : ExitCodes.BlobsLost;
    }

    private static void WriteText(BlobCopyResult copy, string sentence)
    {
        foreach (var digest in copy.Lost) Console.Out.WriteLine($"lost: {digest} has a row and no bytes; here it is marked damaged, and a push heals it");
        Console.Out.WriteLine(sentence);
        if (copy.Lost.Count > 0) Console.Out.WriteLine($"All else is whole, but {copy.Lost.Count} blobs were lost already; they are named above.");
    }

    private static void WriteJson(string folder, BlobCopyResult copy)
    {
        using (var output = Console.OpenStandardOutput())
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("folder"u8, folder);
            json.WriteNumber("copied"u8, copy.Copied);
            json.WriteNumber("bytes"u8, copy.Bytes);
            json.WriteNumber("present"u8, copy.Present);
            json.WriteStartArray("lost"u8);
            foreach (var digest in copy.Lost) json.WriteStringValue(digest.ToString());
            json.WriteEndArray();
            json.WriteEndObject();
        }

        Console.Out.WriteLine();
    }
}
