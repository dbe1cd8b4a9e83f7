namespace Berth.Cli;

/// <summary>How far long work is, for the person at the terminal: one line on stderr that is written over and gone at the end. Nothing where stderr is no terminal.</summary>
internal sealed class Progress(TextWriter output, bool isTerminal, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(200);

    private long _last;
    private int _width;

    /// <summary>The one of this process.</summary>
    public static Progress OfConsole() => new(Console.Error, !Console.IsErrorRedirected, TimeProvider.System);

    /// <summary>Says how far it is, a few times a second at most.</summary>
    public void Say(string text)
    {
        if (!isTerminal || (_width > 0 && time.GetElapsedTime(_last) < Between)) return;
        output.Write($"\r{text.PadRight(_width)}");
        _width = text.Length;
        _last = time.GetTimestamp();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_width > 0) output.Write($"\r{new string(' ', _width)}\r");
        _width = 0;
    }
}
