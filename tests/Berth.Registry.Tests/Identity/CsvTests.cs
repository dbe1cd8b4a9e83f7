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
    [InlineData("a; b", "\"a; b\"")]
    [InlineData("a;=1+1", "\"a;'=1+1\"")]
    [InlineData("a; @b;-1", "\"a;' @b;'-1\"")]
    [InlineData("a\r\n=1", "\"a\r\n'=1\"")]
    public void A_cell_is_quoted_where_needed_and_never_a_formula(string text, string cell) => Assert.Equal(cell, Csv.Cell(text));

    [Fact]
    public void Lines_have_the_same_columns_whatever_the_entries_hold()
    {
        using var items = JsonDocument.Parse("""[{"name":"ann","actions":["ContentRead","ContentWrite"],"count":-3},{"name":"bob","role":null}]""");

        Assert.Equal(["name,actions,count,role\r\n", "ann,\"ContentRead; ContentWrite\",'-3,\r\n", "bob,,,\r\n"], Csv.LinesOf(items.RootElement));
        using var mixed = JsonDocument.Parse("""[["a",["b","c"]],"d",{"columns":1}]""");
        Assert.Equal(["column1,column2,result,columns\r\n", "a,\"b; c\",,\r\n", ",,d,\r\n", ",,,1\r\n"], Csv.LinesOf(mixed.RootElement));
        Assert.Equal(["ann\t2\t-3\tNone", "bob\tNone\tNone\tNone"], Rows.TabbedOf(items.RootElement));
        Assert.Equal(["a\t2", "d", "1"], Rows.TabbedOf(mixed.RootElement));
        Assert.Equal(["name,role\r\n"], Csv.LinesOf([], ["name", "role"]));
    }
}
