using Spectre.Console;

namespace Berth.Server.Commands;

/// <summary>Shows on stderr how many bytes are done: a bar on a terminal, a line for each tenth elsewhere.</summary>
internal static class ByteProgress
{
    /// <summary>Runs work that reports its progress.</summary>
    public static Task<T> RunAsync<T>(string what, Func<IProgress<(long Done, long Total)>, Task<T>> work) =>
        StepProgress.RunAsync(begin => work(begin(what)), new DownloadedColumn());
}
