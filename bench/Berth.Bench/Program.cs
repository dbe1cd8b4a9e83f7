using System.Diagnostics;
using System.Runtime.InteropServices;
using Berth.Bench;

if (args.Length == 0 || BenchOptions.Parse(args[0], args[1..]) is not { } options)
{
    Console.Error.WriteLine(BenchOptions.Usage);
    return 2;
}

using var stop = new CancellationTokenSource();
void Cancel(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);

var folder = Directory.CreateTempSubdirectory("berth-bench-").FullName;
var started = Stopwatch.GetTimestamp();
try
{
    if (options.CheckGenerator)
    {
        GeneratorCheck.Run(folder, stop.Token);
        return 0;
    }

    var isMet = await Suite.RunAsync(options, folder, started, stop.Token);
    return isMet ? 0 : 1;
}
catch (BenchException e)
{
    Console.Error.WriteLine($"bench: {e.Message}");
    return 2;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.Error.WriteLine("bench: stopped");
    return 2;
}
finally
{
    if (!options.Keep) Directory.Delete(folder, recursive: true);
    else Console.Error.WriteLine($"the data is in {folder}");
}
