using System.Globalization;
using System.Text;

namespace Berth.Bench.Report;

/// <summary>The results as Markdown tables, for the terminal and for the reference page.</summary>
internal static class MarkdownReport
{
    /// <summary>A whole page.</summary>
    public static string Page(Results results)
    {
        var text = new StringBuilder();
        var machine = results.Machine;
        text.AppendLine("# Performance");
        text.AppendLine();
        text.AppendLine("Written by `bench/run --page` from one run; do not edit. Berth runs as `./berth serve` starts it: access control on (every request");
        text.AppendLine("carries the owner's Basic credential), every 201 durable, default settings. `docker-registry` runs without authentication, with files,");
        text.AppendLine("its blob descriptor cache and no access log; nginx serves the same bytes as a static file with sendfile. Servers take turns within each");
        text.AppendLine("figure, which is the median of its runs. All of it, the load generator included, shares one machine over loopback.");
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Taken on {machine.Date} at commit {machine.Commit}: {machine.Processors} × {machine.Processor}, {machine.Memory}, {machine.System},");
        text.AppendLine(CultureInfo.InvariantCulture, $"data on {machine.FileSystem}; {machine.Runtime}; {machine.Peer}; {machine.Nginx}. The run took {results.Minutes:0.0} minutes{(results.Quick ? " (the quick version)" : "")}.");
        text.AppendLine();
        text.AppendLine("## Beside docker-registry");
        text.AppendLine();
        Figures(text, results);
        text.AppendLine();
        text.AppendLine("\"Generator\" is how many processors the load generator itself used (beside Berth / beside the peer); \"other\" is what anything else on the");
        text.AppendLine("machine used at most, the kernel's network and disk work included. A figure with much \"other\" is worth little.");
        text.AppendLine();
        text.AppendLine("## As things grow (Berth alone)");
        text.AppendLine();
        Growths(text, results);
        text.AppendLine();
        text.AppendLine("## Remarks");
        text.AppendLine();
        foreach (var remark in results.Remarks) text.AppendLine(CultureInfo.InvariantCulture, $"- {remark}");
        return text.ToString();
    }

    /// <summary>The tables alone.</summary>
    public static string Tables(Results results)
    {
        var text = new StringBuilder();
        Figures(text, results);
        text.AppendLine();
        Growths(text, results);
        text.AppendLine();
        foreach (var remark in results.Remarks) text.AppendLine(CultureInfo.InvariantCulture, $"- {remark}");
        return text.ToString();
    }

    private static void Figures(StringBuilder text, Results results)
    {
        text.AppendLine("| figure | unit | docker-registry | nginx | Berth | ratio | target | | generator | other |");
        text.AppendLine("|---|---|--:|--:|--:|--:|--:|---|--:|--:|");
        foreach (var figure in results.Figures)
        {
            var generator = figure.GeneratorBesideBerth is { } own ? string.Create(CultureInfo.InvariantCulture, $"{own:0.00} / {figure.GeneratorBesidePeer:0.00}") : "";
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {figure.Name} | {figure.Unit} | {Number(figure.Peer)} | {Number(figure.Nginx)} | {Number(figure.Berth)} | {Ratio(figure.Ratio)} | {figure.Target} | {Verdict(figure.IsMet)} | {generator} | {figure.Others:0.00} |");
        }
    }

    private static void Growths(StringBuilder text, Results results)
    {
        text.AppendLine("| what grows | operation | size: operations/s, p50 ms, p99 ms, CPU µs | last p50 / first | at most | |");
        text.AppendLine("|---|---|---|--:|--:|---|");
        foreach (var growth in results.Growths)
        {
            var points = growth.Points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Size:N0}: {Number(p.Rate)}, {p.P50:0.00}, {p.P99:0.00}, {Number(p.Cpu)}"));
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {growth.What} | {growth.Operation} | {string.Join(" · ", points)} | {growth.Factor:0.0#}× | {Ratio(growth.Flatness)} | {Verdict(growth.IsMet)} |");
        }
    }

    private static string Verdict(bool? isMet) => isMet switch { true => "met", false => "**missed**", null => "" };

    private static string Ratio(double? ratio) => ratio is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value:0.00}×") : "";

    private static string Number(double? number) => number switch
    {
        null => "",
        >= 1000 => number.Value.ToString("N0", CultureInfo.InvariantCulture),
        >= 100 => number.Value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => number.Value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => number.Value.ToString("0.00", CultureInfo.InvariantCulture),
    };
}
