using Berth.Cli.Query;
using Berth.Cli.Session;
using Berth.Cli.Tests.Session;

namespace Berth.Cli.Tests.Query;

/// <summary>What is printed when a query cannot be applied to the answer.</summary>
[Collection(nameof(ProcessWideCollection))]
public sealed class PrinterTests
{
    [Fact]
    public async Task What_is_given_once_is_printed_whole_and_what_can_be_asked_for_again_is_not()
    {
        var answer = Json.Make(json => json.WriteString("password"u8, "shown once"u8));
        var printer = new OutputOptions.Printer(OutputFormat.Yaml, JmesPath.Parse("abs(password)"));
        var before = Console.Out;
        await using var output = new StringWriter();
        Console.SetOut(output);
        try
        {
            await Assert.ThrowsAsync<QueryException>(() => printer.WriteAsync(answer));
            Assert.Empty(output.ToString());
            await Assert.ThrowsAsync<ClientException>(() => printer.WriteAsync(answer, isOfChange: true));
        }
        finally
        {
            Console.SetOut(before);
        }

        Assert.Contains("shown once", output.ToString(), StringComparison.Ordinal);
    }
}
