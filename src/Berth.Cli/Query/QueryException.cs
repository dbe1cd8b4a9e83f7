namespace Berth.Cli.Query;

/// <summary>A JMESPath expression that cannot be read, or cannot be applied to the answer; it says where.</summary>
internal sealed class QueryException(int position, string message)
    : ArgumentException($"--query: {message}, at character {position + 1} of the expression.")
{
    /// <summary>Where in the expression, from 0.</summary>
    public int Position => position;
}
