using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Access;

/// <summary>
/// A Python that has loaded the Azure CLI and forks for each command, one after another: a command costs a few tenths of a second and not the two that loading takes. What runs in
/// the fork is the CLI's own program from its first line on, with arguments, environment, streams and exit status as ever. It ends with its input.
/// </summary>
internal sealed class AzureCliServer
{
    // Modules that a command imported are imported here after it, so that the next one finds them.
    private const string Program = """
        import importlib, json, os, runpy, sys, traceback

        replies = os.fdopen(os.dup(1), 'w')

        def run(request, names):
            for descriptor, path, flags in ((0, os.devnull, os.O_RDONLY), (1, request['output'], os.O_WRONLY | os.O_CREAT), (2, request['errors'], os.O_WRONLY | os.O_CREAT)):
                opened = os.open(path, flags, 0o600)
                os.dup2(opened, descriptor)
                os.close(opened)
            sys.argv = ['az'] + request['arguments']
            status = 0
            try:
                runpy.run_module('azure.cli')
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
            except BaseException:
                traceback.print_exc()
                status = 1
            sys.stdout.flush()
            sys.stderr.flush()
            with os.fdopen(names, 'w') as out:
                json.dump([name for name in sys.modules if not name.startswith('__')], out)
            os._exit(status & 255)

        for line in sys.stdin:
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(reader)
                run(json.loads(line), writer)
            os.close(writer)
            with os.fdopen(reader) as pipe:
                names = json.loads(pipe.read() or '[]')
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=replies, flush=True)
            for name in names:
                if name not in sys.modules:
                    try:
                        importlib.import_module(name)
                    except Exception:
                        pass
        """;

    private readonly Process _process;
    private readonly string _folder;
    private readonly SemaphoreSlim _turn = new(1);
    private int _commands;

    private AzureCliServer(Process process, string folder)
    {
        _process = process;
        _folder = folder;
    }

    /// <summary>The Python that the CLI's first line names, as that of Debian's does; null where it is another kind of program.</summary>
    public static string? Interpreter(string az)
    {
        var first = File.ReadLines(az).FirstOrDefault() ?? "";
        return first.StartsWith("#!/", StringComparison.Ordinal) && first.Contains("python", StringComparison.Ordinal) ? first[2..].Trim() : null;
    }

    /// <summary>Starts one, for the configuration that the environment names.</summary>
    public static AzureCliServer Start(string interpreter, LocalNames names, string folder, IReadOnlyDictionary<string, string> environment)
    {
        var program = Path.Combine(folder, "az-server.py");
        File.WriteAllText(program, Program);
        var (path, line) = names.Command(interpreter, program);
        var process = Tool.Start(path, line, folder, new Dictionary<string, string>(environment) { ["AZ_INSTALLER"] = "DEB" });
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        return new AzureCliServer(process, folder);
    }

    /// <summary>Runs a command; one at a time.</summary>
    public async Task<ToolResult> RunAsync(string[] arguments)
    {
        await _turn.WaitAsync();
        try
        {
            var number = ++_commands;
            var (output, errors) = (Path.Combine(_folder, $"output-{number}"), Path.Combine(_folder, $"errors-{number}"));
            await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(new { arguments, output, errors }));
            await _process.StandardInput.FlushAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            int? status = null;
            try
            {
                var said = await _process.StandardOutput.ReadLineAsync(limit.Token);
                status = said is null ? throw new InvalidOperationException("The Azure CLI's server has ended.") : int.Parse(said, CultureInfo.InvariantCulture);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }

            return new ToolResult($"az {string.Join(' ', arguments)}", status, await ReadAsync(output), await ReadAsync(errors));
        }
        finally
        {
            _turn.Release();
        }
    }

    private static async Task<string> ReadAsync(string path)
    {
        if (!File.Exists(path)) return "";
        var text = await File.ReadAllTextAsync(path);
        File.Delete(path);
        return text;
    }
}
