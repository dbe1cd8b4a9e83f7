using Spectre.Console;

namespace Berth.Server.Commands;

/// <summary>Shows on stderr how many bytes are done: a bar on a terminal, a line for each tenth elsewhere.</summary>
internal static class ByteProgress
{
    /// <summary>Runs work that reports its progress.</summary>
    public static async Task<T> RunAsync<T>(string what, Func<IProgress<(long Done, long Total)>, Task<T>> work)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        if (Console.IsErrorRedirected) return await work(new Lines(what));

        return await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn(), new RemainingTimeColumn())
            .StartAsync(context => work(new Bar(context.AddTask(what))));
    }

    private sealed class Bar(ProgressTask task) : IProgress<(long Done, long Total)>
    {
        public void Report((long Done, long Total) value)
        {
            task.MaxValue = Math.Max(1, value.Total);
            task.Value = value.Done;
        }
    }

    private sealed class Lines(string what) : IProgress<(long Done, long Total)>
    {
        private int _tenths;

        public void Report((long Done, long Total) value)
        {
            var tenths = value.Total == 0 ? 10 : (int)(value.Done * 10 / value.Total);
            if (tenths <= _tenths) return;
            _tenths = tenths;
            Console.Error.WriteLine($"{what}: {Math.Min(100, tenths * 10)} %");
        }
    }
}
