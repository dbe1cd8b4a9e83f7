using System.Text.Json;
using Berth.Cli;

namespace Berth.Registry.Tests.Identity;

/// <summary>The client's comma-separated values, which an auditor opens in a spreadsheet.</summary>
public sealed class CsvTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("two\nlines", "\"two\nlines\"")]
    [InlineData("=cmd|'/c calc'!A1", "'=cmd|'/c calc'!A1")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\tx", "'\tx")]
    [InlineData("\rx", "\"'\rx\"")]
    [InlineData("=\"a\",b", "\"'=\"\"a\"\",b\"")]
    public void A_cell_is_quoted_where_needed_and_never_a_formula(string text, string cell) => Assert.Equal(cell, Csv.Cell(text));

    [Fact]
    public void Lines_have_the_same_columns_whatever_the_entries_hold()
    {
        using var items = JsonDocument.Parse("""[{"name":"ann","actions":["ContentRead","ContentWrite"],"count":-3},{"name":"bob","role":null}]""");

        Assert.Equal(["name,actions,count,role\r\n", "ann,ContentRead; ContentWrite,'-3,\r\n", "bob,,,\r\n"], Csv.LinesOf(items.RootElement));
        Assert.Equal(["name,role\r\n"], Csv.LinesOf([], ["name", "role"]));
    }
}
