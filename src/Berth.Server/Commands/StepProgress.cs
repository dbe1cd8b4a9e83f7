using Spectre.Console;

namespace Berth.Server.Commands;

/// <summary>Shows on stderr how far each step of a command is: a bar for each on a terminal, a line for each tenth elsewhere.</summary>
internal static class StepProgress
{
    /// <summary>Runs work that begins steps by their names and reports how much of each is done.</summary>
    /// <param name="work">The work.</param>
    /// <param name="amount">A column of the bars that shows the amounts; none for steps that are counted in different things.</param>
    public static async Task<T> RunAsync<T>(Func<Func<string, IProgress<(long Done, long Total)>>, Task<T>> work, ProgressColumn? amount = null)
    {
        if (Console.IsErrorRedirected) return await work(what => new Lines(what));

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await console.Progress()
            .Columns([new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), .. amount is null ? [] : new[] { amount }, new RemainingTimeColumn()])
            .StartAsync(context => work(what => new Bar(context.AddTask(what))));
    }

    private sealed class Bar(ProgressTask task) : IProgress<(long Done, long Total)>
    {
        public void Report((long Done, long Total) value)
        {
            task.MaxValue = Math.Max(1, value.Total);
            task.Value = value.Total == 0 ? 1 : value.Done;
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
