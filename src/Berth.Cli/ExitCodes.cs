namespace Berth.Cli;

/// <summary>The exit codes of the client program; docs/reference/exit-codes.md names them.</summary>
internal static class ExitCodes
{
    /// <summary>It did what was asked.</summary>
    public const int Done = 0;

    /// <summary>It failed, or a check found what it looks for.</summary>
    public const int Failure = 1;

    /// <summary>The command line is wrong; nothing was done.</summary>
    public const int Misuse = 2;

    /// <summary>It was stopped at the terminal, as shells count that signal.</summary>
    public const int Stopped = 130;
}
