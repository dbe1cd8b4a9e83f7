using System.Runtime.InteropServices;

namespace Berth.Cli.Login;

/// <summary>The person at the terminal.</summary>
internal static partial class Terminal
{
    /// <summary>Asks for a password; what is typed is not shown, and the question is no part of the answer on stdout.</summary>
    /// <exception cref="ArgumentException">None was typed.</exception>
    public static string AskPassword(string question)
    {
        // The console's own keys are shown until the first is read, so whoever types at once would be seen; the C library hides them before it asks.
        var typed = Marshal.PtrToStringUTF8(GetPassword(question)) ?? "";

        // It takes Ctrl+C for a key like any other.
        return typed.Length > 0 && !typed.Any(char.IsControl) ? typed : throw new ArgumentException("No password was typed.");
    }

    [LibraryImport("libc", EntryPoint = "getpass", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetPassword(string question);
}
