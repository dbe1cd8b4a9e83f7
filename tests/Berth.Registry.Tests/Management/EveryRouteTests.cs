using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.Registry.Management;
using Berth.Registry.Tests.ApiReference;

namespace Berth.Registry.Tests.Management;

/// <summary>What holds for each call of the route table: a request that says something wrong gets an error that says so, and changes nothing.</summary>
public sealed partial class EveryRouteTests
{
    private static readonly (string Query, string Code)[] Versions =
    [
        ("", "MissingApiVersionParameter"), ("?api-version=", "MissingApiVersionParameter"), ("?api-version=tomorrow", "InvalidApiVersionParameter"),
        ("?api-version=2023-13-01", "InvalidApiVersionParameter"), ("?api-version=2023-7-1", "InvalidApiVersionParameter"), ("?api-version=2023-07-01-", "InvalidApiVersionParameter"),
        ("?api-version=2023-07-01-preview-x", "InvalidApiVersionParameter"), ("?api-version=%D9%A2023-07-01", "InvalidApiVersionParameter"),
        ("?api-version=2023-07-01&api-version=2023-07-01", "InvalidApiVersionParameter"), ("?api-version=2023-07-01" + new string('1', 3_000), "InvalidApiVersionParameter"),
    ];

    [Fact]
    public void A_name_of_the_table_is_given_once()
    {
        Assert.Empty(ManagementRoute.All.GroupBy(route => route.Name).Where(group => group.Count() > 1).Select(group => group.Key));
        Assert.Empty(ManagementRoute.All.GroupBy(route => (route.Method, Shape(route))).Where(group => group.Count() > 1).Select(group => group.Key.ToString()));

        static string Shape(ManagementRoute route) =>
            string.Join('/', route.Pattern.Split('/').Select(part => part is ['{', ..] and not "{scope}" ? "{}" : part)).ToUpperInvariant();
    }

    [Fact]
    public async Task Without_a_version_or_with_none_that_is_one_nothing_is_done()
    {
        await using var rig = await RouteRig.StartAsync();
        await rig.CheckAsync(ManagementRoute.All, async route =>
        {
            foreach (var (query, code) in Versions)
            {
                using var answer = await rig.Owner.SendRawAsync(route.Method, RouteRig.PathOf(route) + query, RouteRig.BodyOf(route));
                if (RouteRig.Judge(answer.StatusCode, await RouteRig.BodyAsync(answer), 400, code, route) is { } wrong) return wrong;
            }

            return null;
        });
    }

    [Theory]
    [InlineData("1999-01-01")]
    [InlineData("2099-12-31-preview")]
    public async Task A_version_that_nobody_knows_is_answered_as_any_other(string version)
    {
        await using var rig = await RouteRig.StartAsync();
        await rig.CheckAsync(ManagementRoute.All.Where(route => route.Method is "GET" or "HEAD"), async route =>
        {
            var (status, body) = await rig.Owner.SendAsync(route.Method, RouteRig.PathOf(route));
            using var other = await rig.Owner.SendRawAsync(route.Method, $"{RouteRig.PathOf(route)}?api-version={version}");
            return (status, $"{body}") == (other.StatusCode, $"{await RouteRig.BodyAsync(other)}".Replace(version, "2023-07-01", StringComparison.Ordinal)) ? null : $"{(int)other.StatusCode}";
        });
    }

    [Fact]
    public async Task Every_answer_is_one_that_the_document_says()
    {
        await using var rig = await RouteRig.StartAsync();
        var document = await ApiDocument.FetchAsync(rig.Host);
        await rig.CheckAsync(ManagementRoute.All.Where(route => route.Method == "GET"), async route =>
        {
            var (status, body) = await rig.Owner.SendAsync(route.Method, RouteRig.PathOf(route));
            return document.FindFault(route.Name, (int)status, body);
        });
    }

    [Fact]
    public async Task A_path_with_a_name_missing_between_two_slashes_is_refused()
    {
        await using var rig = await RouteRig.StartAsync();
        await rig.CheckAsync(ManagementRoute.All, async route =>
        {
            var path = RouteRig.PathOf(route);
            for (var slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
            {
                // With the name before it, and as if that were empty. Where az writes an empty part itself, none is missed.
                foreach (var holed in new[] { path.Insert(slash, "/"), path[..(path.LastIndexOf('/', slash - 1) + 1)] + path[slash..] })
                {
                    if (holed.StartsWith("//", StringComparison.Ordinal) || Joint().IsMatch(holed)) continue;
                    var (status, body) = await rig.Owner.SendAsync(route.Method, holed, RouteRig.BodyOf(route));
                    if (RouteRig.Judge(status, body, 400, "InvalidRequestUri", route) is { } wrong) return $"{holed}: {wrong}";
                }
            }

            return null;
        });
    }

    [Fact]
    public async Task A_slash_too_many_at_the_ends_of_a_path_makes_no_difference()
    {
        await using var rig = await RouteRig.StartAsync();
        await rig.CheckAsync(ManagementRoute.All.Where(route => route.Method is "GET" or "HEAD"), async route =>
        {
            var (status, body) = await rig.Owner.SendAsync(route.Method, RouteRig.PathOf(route));
            var (other, otherBody) = await rig.Owner.SendAsync(route.Method, $"/{RouteRig.PathOf(route)}/");
            return (status, Items(body)) == (other, Items(otherBody)) ? null : $"{(int)other} {otherBody}";
        });

        // A nextLink repeats the path as it was asked for.
        static string Items(JsonElement body) => body.ValueKind == JsonValueKind.Object && body.TryGetProperty("value", out var value) ? $"{value}" : $"{body}";
    }

    [Theory]
    [InlineData("%F0%9F%92%A9")]
    [InlineData("a%2Fb")]
    [InlineData("%7B%7D")]
    [InlineData("%27%20or%20%271%27=%271")]
    [InlineData("%0D%0Aa")]
    [InlineData("long")]
    public async Task A_name_that_nothing_has_is_an_error_that_says_so(string name)
    {
        await using var rig = await RouteRig.StartAsync();
        var written = name == "long" ? new string('a', 3_000) : name;
        await rig.CheckAsync(ManagementRoute.All.Where(route => route.Method is "GET" or "DELETE"), async route =>
        {
            foreach (var open in route.Pattern.Split('/').Where(part => part is ['{', ..] and not "{scope}"))
            {
                var parts = route.Pattern.Split('/').Select(part => part == open ? written : part);
                var path = RouteRig.PathOf(route, string.Join('/', parts));
                var (status, body) = await rig.Owner.SendAsync(route.Method, path);
                var isFine = (int)status is 200 or 204 || ((int)status is 400 or 404 && RouteRig.MessageOf(body).Length is > 20 and < 1_000);
                if (!isFine) return $"{open}: {(int)status} {body}";
            }

            return null;
        });
    }

    [Fact]
    public async Task Another_subscription_is_not_found()
    {
        await using var rig = await RouteRig.StartAsync();
        await rig.CheckAsync(ManagementRoute.All.Where(route => route.Pattern.Contains("{s", StringComparison.Ordinal)), async route =>
        {
            var foreign = RouteRig.PathOf(route).Replace(ControlClient.Subscription, "/subscriptions/" + Guid.Empty, StringComparison.Ordinal);
            var (status, body) = await rig.Owner.SendAsync(route.Method, foreign, RouteRig.BodyOf(route));
            return RouteRig.Judge(status, body, 404, "SubscriptionNotFound", route);
        });
    }

    [Fact]
    public async Task A_property_that_nobody_knows_is_named()
    {
        await using var rig = await RouteRig.StartAsync();
        await rig.CheckAsync(RouteRig.TakingBodies, async route =>
        {
            var (status, body) = await rig.Owner.SendAsync(route.Method, RouteRig.PathOf(route), """{"whatIsThis":true}""");
            return RouteRig.Judge(status, body, 400, "InvalidRequestContent", route) ?? (RouteRig.MessageOf(body).Contains("'whatIsThis'", StringComparison.Ordinal) ? null : $"it says {RouteRig.MessageOf(body)}");
        });
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{")]
    [InlineData("""{"properties":[],"name":[],"tokenId":[]}""")]
    [InlineData("""{"properties":"text","name":{},"tokenId":1,"tags":"text"}""")]
    public async Task A_value_of_another_type_is_refused(string sent)
    {
        await using var rig = await RouteRig.StartAsync();
        await rig.CheckAsync(RouteRig.TakingBodies, async route =>
        {
            var (status, body) = await rig.Owner.SendAsync(route.Method, RouteRig.PathOf(route), sent);
            return RouteRig.Judge(status, body, 400, "InvalidRequestContent", route);
        });
    }

    [Fact]
    public async Task The_case_of_a_path_makes_no_difference()
    {
        await using var rig = await RouteRig.StartAsync();
        await rig.CheckAsync(ManagementRoute.All.Where(route => route.Method is "GET" or "HEAD"), async route =>
        {
            // Names of scope maps, tokens and the like are names: they are written as they are.
            var path = RouteRig.PathOf(route);
            var (status, body) = await rig.Owner.SendAsync(route.Method, path);
            foreach (var literal in path.Split('/').Where(part => route.Pattern.Split('/').Contains(part)).ToList())
                path = path.Replace($"/{literal}", $"/{literal.ToUpperInvariant()}", StringComparison.Ordinal);
            var (other, otherBody) = await rig.Owner.SendAsync(route.Method, path);
            return (status, Text(body)) == (other, Text(otherBody)) ? null : $"{(int)status} {body} became {(int)other} {otherBody}";
        });

        static string Text(JsonElement body) => body.ValueKind == JsonValueKind.Undefined ? "" : body.GetRawText().ToUpperInvariant();
    }

    [GeneratedRegex("/[A-Za-z]+\\.[A-Za-z]+//|/(default|subscription|local|builder)//providers(/|$)")]
    private static partial Regex Joint();
}
