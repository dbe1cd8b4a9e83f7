using System.Text;
using Berth.Server.LocalFiles;
using Berth.Server.Tests.Hosting;

namespace Berth.Server.Tests.LocalFiles;

public sealed class DiagnosticFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Name => Path.Combine(_folder.Data, "diagnostics", "events.jsonl");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_are_bounded_in_size_and_number_and_the_oldest_lines_go()
    {
        var file = new DiagnosticFile(Name, maxBytes: 1_000, files: 3);
        for (var i = 0; i < 200; i++) file.Write([Line(i)]);
        var names = Directory.GetFiles(Path.GetDirectoryName(Name)!);
        Assert.Equal(["events.jsonl", "events.jsonl.1", "events.jsonl.2"], names.Select(n => Path.GetFileName(n)!).Order());
        Assert.All(names, name => Assert.InRange(new FileInfo(name).Length, 1, 1_000));
        var lines = (string[])[.. File.ReadAllLines(Name + ".2"), .. File.ReadAllLines(Name + ".1"), .. File.ReadAllLines(Name)];
        Assert.Equal(Enumerable.Range(200 - lines.Length, lines.Length).Select(i => $$"""{"LedgerPosition":"1-{{i}}"}"""), lines);
        Assert.Equal("1-199", file.FindLastPosition());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Name));
    }

    [Fact]
    public void The_part_of_a_line_that_a_crash_left_is_cut_off_and_written_anew()
    {
        var file = new DiagnosticFile(Name, maxBytes: 100_000, files: 3);
        Assert.Null(file.FindLastPosition());
        file.Write([Line(7), "{\"LedgerPosition\":null}\n"u8.ToArray()]);
        File.AppendAllText(Name, "{\"LedgerPosition\":\"1-8");
        Assert.Equal("1-7", file.FindLastPosition());
        file.Write([Line(8)]);
        Assert.Equal("""
            {"LedgerPosition":"1-7"}
            {"LedgerPosition":null}
            {"LedgerPosition":"1-8"}

            """, File.ReadAllText(Name));
    }

    [Fact]
    public void A_file_that_was_moved_away_is_begun_anew()
    {
        var file = new DiagnosticFile(Name, maxBytes: 100_000, files: 3);
        file.Write([Line(1)]);
        File.Move(Name, Name + ".taken");
        file.Write([Line(2)]);
        Assert.Equal("1-2", file.FindLastPosition());
    }

    private static byte[] Line(int number) => Encoding.UTF8.GetBytes($$"""{"LedgerPosition":"1-{{number}}"}""" + "\n");
}
