using System.CommandLine;
using Berth.Cli.Session;

namespace Berth.Cli;

/// <summary>The flags of every command that say how much it tells of its requests on stderr.</summary>
internal sealed class DiagnosticOptions
{
    private readonly Option<bool> _verbose = new("--verbose")
    {
        Description = "Tell each request on stderr, with its answer's request id, by which the server's log names it.",
        Recursive = true,
    };

    private readonly Option<bool> _debug = new("--debug")
    {
        Description = "The same with the query, the answers' headers and the cause of a failure; never a secret.",
        Recursive = true,
    };

    /// <summary>Adds the flags to the root, and so to every command.</summary>
    public void AddTo(RootCommand root)
    {
        root.Add(_verbose);
        root.Add(_debug);
    }

    /// <summary>How much is told.</summary>
    public TraceLevel Read(ParseResult parsed) =>
        parsed.GetValue(_debug) ? TraceLevel.Debug : parsed.GetValue(_verbose) ? TraceLevel.Verbose : TraceLevel.None;
}
