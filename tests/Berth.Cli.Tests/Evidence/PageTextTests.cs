using System.Text.Json;
using Berth.Cli.Evidence;

namespace Berth.Cli.Tests.Evidence;

/// <summary>Evidence as a page: what a registry holds is a text there, whatever it looks like.</summary>
public sealed class PageTextTests
{
    private const string Head = """
        {"takenAt":"2026-01-02T03:04:05+00:00","takenBy":"ann","clientVersion":"1","server":"https://s","serverVersion":"2","registry":{"name":"r","loginServer":"r.example",
         "sku":{"name":"Premium"},"adminUserEnabled":false,"networkRuleSet":{"defaultAction":"Deny","ipRules":[{"value":"203.0.113.0/24"}]},"policies":{"exportPolicy":{"status":"disabled"}}},
         "locks":[{"name":"keep","level":"CanNotDelete","notes":"a | b"}]}
        """;

    private const string Repository = """
        {"name":"team/app","createdTime":"2026-01-01T00:00:00Z","storageSize":2048,"description":"<script>alert(1)</script> | [x](y)","anonymousPullEnabled":true,
         "changeableAttributes":{"deleteEnabled":false,"writeEnabled":true},
         "access":[{"name":"ann","kind":"User","actions":["ContentRead"],"way":"role assignment","role":"AcrPull","groups":["g"],"scope":"/s","condition":null}],
         "manifests":[{"digest":"sha256:aa","createdTime":"2026-01-01T00:00:00Z","createdBy":"bob","lastPullTime":null,"imageSize":3145728,"os":"linux","architecture":"amd64",
          "tags":[{"name":"v1","ageDays":12,"changeableAttributes":{"writeEnabled":false}}],"referrers":[{"digest":"sha256:bb","artifactType":"sig","size":10}]}]}
        """;

    [Fact]
    public async Task Markdown_has_everything_and_its_marks_are_escaped()
    {
        var page = await PageAsync(new MarkdownText());
        Assert.Contains("| v1 (12 days) locked: writeEnabled | sha256:aa | 2026-01-01 00:00:00Z | bob | not known | 3.0 MiB | linux/amd64 |  |", page, StringComparison.Ordinal);
        Assert.Contains("| ann | User | ContentRead | role assignment through g | AcrPull | /s |  |", page, StringComparison.Ordinal);
        Assert.Contains(@"a \| b", page, StringComparison.Ordinal);
        Assert.Contains(@"\<script\>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("[x](y)", page, StringComparison.Ordinal);
        Assert.Contains("Anybody may pull from it", page, StringComparison.Ordinal);
        Assert.Contains("Locked: deleteEnabled", page, StringComparison.Ordinal);
        Assert.EndsWith("1 repositories, 1 manifests, 1 tags. What locks keep from lists is not among them.\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Html_is_whole_and_runs_nothing()
    {
        var page = await PageAsync(new HtmlText());
        Assert.StartsWith("<!doctype html>", page, StringComparison.Ordinal);
        Assert.EndsWith("</html>\n", page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.Contains("<td>203.0.113.0/24</td>", page, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
    }

    private static async Task<string> PageAsync(IPageText text)
    {
        using var output = new StringWriter();
        await using var page = new PageEvidence(output, text);
        using var head = JsonDocument.Parse(Head);
        using var repository = JsonDocument.Parse(Repository);
        var totals = new EvidenceTotals();
        totals.Add(repository.RootElement);
        await page.BeginAsync(head.RootElement, TestContext.Current.CancellationToken);
        await page.AddAsync(repository.RootElement, TestContext.Current.CancellationToken);
        await page.EndAsync(totals, TestContext.Current.CancellationToken);
        return output.ToString();
    }
}
