using System.Text.Json;
using Berth.Cli.Policies;
using Berth.Cli.Session;
using Berth.Cli.Tests.Fakes;

namespace Berth.Cli.Tests.Policies;

/// <summary><c>policy check</c> over the registries of a control plane.</summary>
public sealed class PolicyCommandTests : IDisposable
{
    private const string Open = """
        {"adminUserEnabled":true,"anonymousPullEnabled":true,"publicNetworkAccess":"Enabled","networkRuleSet":{"defaultAction":"Allow"},"privateEndpointConnections":[],
         "policies":{"softDeletePolicy":{"status":"disabled"},"retentionPolicy":{"status":"disabled"},"azureADAuthenticationAsArmPolicy":{"status":"enabled"},"exportPolicy":{"status":"enabled"}}}
        """;

    private readonly ClientProgram _client = new();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Registries_that_keep_every_rule_are_done_with_0()
    {
        await using var arm = Arm(FakeArm.Registry("one"), FakeArm.Registry("two"));
        var run = await CheckAsync(arm);
        Assert.Equal((0, ""), (run.Status, run.Errors));
        Assert.Equal(2 * PolicyRules.All.Count, Findings(run).Count);
        Assert.All(Findings(run), finding => Assert.Equal("pass", finding.Text("result")));
    }

    [Fact]
    public async Task A_registry_that_breaks_every_rule_is_named_with_what_mends_it()
    {
        await using var arm = Arm(FakeArm.Registry("one"), FakeArm.Registry("open", Open, "Basic"));
        var run = await CheckAsync(arm);
        Assert.Equal(1, run.Status);
        Assert.Contains($"{PolicyRules.All.Count} of {2 * PolicyRules.All.Count} checks failed, in 1 registries", run.Errors, StringComparison.Ordinal);
        var broken = Findings(run).Where(finding => finding.Text("result") == "fail").ToList();
        Assert.Equal(PolicyRules.All.Select(rule => rule.Id).Order(), broken.Select(finding => finding.Text("rule")!).Order());
        Assert.All(broken, finding => Assert.Equal(("open", FakeArm.IdOf("open")), (finding.Text("registry"), finding.Text("resource"))));
        Assert.All(broken, finding => Assert.False(string.IsNullOrEmpty(finding.Text("reason"))));
    }

    [Fact]
    public async Task Every_remediation_is_a_command_of_this_client_or_a_setting()
    {
        var subject = new PolicySubject("open", JsonDocument.Parse(FakeArm.Registry("open", Open, "Basic")).RootElement, [JsonDocument.Parse(EnabledToken).RootElement]);
        var root = BerthCommand.CreateRoot();
        foreach (var remediation in PolicyRules.All.Select(rule => rule.Remediation(subject)))
        {
            if (remediation.StartsWith("# ", StringComparison.Ordinal)) continue;
            Assert.StartsWith("berth ", remediation, StringComparison.Ordinal);
            Assert.True(root.Parse(remediation["berth ".Length..]).Errors.Count == 0, remediation);
        }
    }

    [Theory]
    [InlineData("high", 1)]
    [InlineData("none", 0)]
    public async Task The_least_severity_that_fails_is_chosen(string least, int status)
    {
        await using var arm = Arm(FakeArm.Registry("open", Open));
        Assert.Equal(status, (await CheckAsync(arm, "--fail-on", least)).Status);
    }

    [Fact]
    public async Task A_rule_that_is_left_out_by_name_or_definition_is_not_looked_at()
    {
        await using var arm = Arm(FakeArm.Registry("open", Open));
        var run = await CheckAsync(
            arm, "--fail-on", "high", "--skip", "admin-user-disabled", "9F2DEA28-e834-476c-99c5-3507b4728395", "--skip", "network-restricted", "--skip", "repository-tokens-disabled");
        Assert.Equal(0, run.Status);
        Assert.Equal(PolicyRules.All.Count - 4, Findings(run).Count);
        Assert.DoesNotContain(arm.Seen, request => request.Path.EndsWith("/tokens", StringComparison.Ordinal));

        var unknown = await CheckAsync(arm, "--skip", "no-such-rule");
        Assert.Equal(2, unknown.Status);
        Assert.Contains("policy list", unknown.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_registry_is_looked_for_by_its_name_in_one_page()
    {
        await using var arm = Arm(FakeArm.Registry("one"), FakeArm.Registry("open", Open));
        var run = await CheckAsync(arm, "--registry", "one");
        Assert.Equal(0, run.Status);
        var asked = Assert.Single(arm.Seen, request => request.Path == $"{ClientProgram.Subscription}/resources");
        Assert.Contains("$filter=resourceType eq 'Microsoft.ContainerRegistry/registries' and name eq 'one'", asked.Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_sees_no_registry_is_not_told_that_all_is_well()
    {
        await using var arm = Arm();
        var run = await CheckAsync(arm);
        Assert.Equal((1, ""), (run.Status, run.Output));
    }

    [Fact]
    public async Task A_table_holds_what_people_need()
    {
        await using var arm = Arm(FakeArm.Registry("open", Open));
        _client.SignIn(arm);
        var run = await _client.RunAsync("policy", "check", "--output", "table");
        Assert.Equal(["Result", "Severity", "Registry", "Rule", "Reason", "Remediation"], run.Output.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    private const string EnabledToken = """{"name":"robot","properties":{"status":"enabled"}}""";

    // Lists come in pages of one.
    private static FakePeer Arm(params string[] registries)
    {
        FakePeer peer = null!;
        var list = $"{ClientProgram.Subscription}/providers/Microsoft.ContainerRegistry/registries";
        peer = new FakePeer(request =>
        {
            var at = request.Query.Contains("$skiptoken=", StringComparison.Ordinal) ? request.Query[^1] - '0' : 0;
            if (request.Path == list)
                return FakeArm.List(registries.Skip(at).Take(1), at + 1 < registries.Length ? $"{peer.Address}{list}?api-version=x&$skiptoken={at + 1}" : null);
            if (request.Path.EndsWith("/resources", StringComparison.Ordinal)) return FakeArm.List(registries);
            if (request.Path.EndsWith("/tokens", StringComparison.Ordinal)) return FakeArm.List(request.Path.Contains("/open/", StringComparison.Ordinal) ? [EnabledToken] : []);
            return registries.FirstOrDefault(registry => registry.Contains($"\"id\":\"{request.Path}\"", StringComparison.Ordinal)) is { } found ? new FakeAnswer(200, found) : FakeArm.NotFound;
        });
        return peer;
    }

    private async Task<ClientRun> CheckAsync(FakePeer arm, params string[] arguments)
    {
        _client.SignIn(arm);
        return await _client.RunAsync(["policy", "check", .. arguments]);
    }

    private static List<JsonElement> Findings(ClientRun run)
    {
        using var answer = JsonDocument.Parse(run.Output);
        return [.. answer.RootElement.Clone().EnumerateArray()];
    }
}
