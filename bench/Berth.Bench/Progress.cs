using System.Globalization;
using Berth.Bench.Report;

namespace Berth.Bench;

/// <summary>Says on the terminal what goes on, while the tables come at the end.</summary>
internal static class Progress
{
    public static void Say(string text) => Console.Error.WriteLine(text);

    public static void Say(Figure figure) => Say(string.Create(
        CultureInfo.InvariantCulture,
        $"  {figure.Name}: berth {figure.Berth:0.###} {figure.Unit}, peer {figure.Peer:0.###}, ratio {figure.Ratio:0.00} {figure.Target} {figure.IsMet switch { true => "met", false => "MISSED", null => "" }}"));

    public static void Say(Growth growth) => Say(string.Create(
        CultureInfo.InvariantCulture,
        $"  {growth.What}, {growth.Operation}: p50 {string.Join(", ", growth.Points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.P50:0.00} ms at {p.Size}")))}"));
}
