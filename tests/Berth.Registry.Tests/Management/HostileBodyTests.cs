using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Berth.Registry.Management;
using Berth.Registry.Tests.ApiReference;
using Berth.Testing;

namespace Berth.Registry.Tests.Management;

/// <summary>What holds for each route that reads a body: one that is good but for one thing is refused, with a sentence about it, and changes nothing.</summary>
public sealed class HostileBodyTests
{
    private const int MaxBodyBytes = 1 << 20;

    [Fact]
    public async Task The_bodies_that_these_tests_spoil_are_done_and_answered_as_the_document_says()
    {
        await using var rig = await RouteRig.StartAsync();
        var document = await ApiDocument.FetchAsync(rig.Host);
        List<string> wrong = [];
        foreach (var route in RouteRig.TakingBodies)
        {
            var body = ValidBodies.Of(route, rig.ObjectId);
            var (status, answer) = await rig.Owner.SendAsync(route.Method, RouteRig.PathOf(route), body.ToJsonString());
            using var sent = JsonDocument.Parse(body.ToJsonString());
            if (document.BodyOf(route.Name) is { } schema && document.Check.FindFault(schema, sent.RootElement) is { } fault) wrong.Add($"{route.Name}: {fault}");
            if (document.FindFault(route.Name, (int)status, answer) is { } other) wrong.Add($"{route.Name}: {other}");

            // There is no deleted registry among the things that are there.
            if ((int)status / 100 != 2 && !route.Name.StartsWith("deleted-registries.", StringComparison.Ordinal)) wrong.Add($"{route.Name}: {(int)status} {answer}");
        }

        Assert.Equal("", string.Join('\n', wrong));
    }

    [Fact]
    public async Task A_property_that_nobody_knows_is_named_at_every_depth()
    {
        await using var rig = await RouteRig.StartAsync();
        var document = await ApiDocument.FetchAsync(rig.Host);
        await rig.CheckAsync(RouteRig.TakingBodies, async route =>
        {
            foreach (var (path, _) in PropertiesOf(document, route).Where(property => property.Schema.TryGetProperty("properties", out _)))
            {
                if (await RefusedAsync(rig, route, [.. path, "whatIsThis"], JsonValue.Create(true)) is { } wrong) return wrong;
            }

            return await RefusedAsync(rig, route, ["whatIsThis"], JsonValue.Create(true));
        });
    }

    [Fact]
    public async Task A_property_of_another_type_is_named()
    {
        await using var rig = await RouteRig.StartAsync();
        var document = await ApiDocument.FetchAsync(rig.Host);
        var looked = 0;
        await rig.CheckAsync(RouteRig.TakingBodies, async route =>
        {
            foreach (var (path, schema) in PropertiesOf(document, route))
            {
                foreach (var value in OtherTypesThan(schema))
                {
                    looked++;
                    if (await RefusedAsync(rig, route, path, value) is { } wrong) return wrong;
                }
            }

            return null;
        });
        Assert.True(looked > 200, $"{looked}");
    }

    [Fact]
    public async Task A_property_that_is_there_twice_is_refused()
    {
        await using var rig = await RouteRig.StartAsync();
        await rig.CheckAsync(RouteRig.TakingBodies, async route =>
        {
            var text = ValidBodies.Of(route, rig.ObjectId).ToJsonString();
            foreach (var spoiled in new[] { text[..^1] + (text.Length > 2 ? "," : "") + "\"again\":1,\"again\":1}", "{\"properties\":{\"a\":1,\"a\":1}}" })
            {
                var (status, body) = await rig.Owner.SendAsync(route.Method, RouteRig.PathOf(route), spoiled);
                if (RouteRig.Judge(status, body, 400, "InvalidRequestContent", route) is { } wrong) return wrong;
                if (!RouteRig.MessageOf(body).Contains("twice", StringComparison.Ordinal)) return RouteRig.MessageOf(body);
            }

            return null;
        });
    }

    [Theory]
    [InlineData("nested", "no JSON of at most 32 levels")]
    [InlineData("deeply nested", "no JSON of at most 32 levels")]
    [InlineData("half a surrogate pair as a name", "texts can be read")]
    [InlineData("half a surrogate pair as a text", "texts can be read")]
    [InlineData("half a surrogate pair far below", "texts can be read")]
    [InlineData("cut off", "no JSON")]
    [InlineData("more behind it", "no JSON")]
    [InlineData("a comment", "no JSON")]
    [InlineData("a comma too many", "no JSON")]
    [InlineData("a byte that is no text", "texts can be read")]
    public async Task What_is_no_readable_json_is_refused(string how, string says)
    {
        await using var rig = await RouteRig.StartAsync();
        await rig.CheckAsync(RouteRig.TakingBodies, async route =>
        {
            var reply = await SendBytesAsync(rig, route, Spoil(ValidBodies.Of(route, rig.ObjectId).ToJsonString(), how));
            var body = reply.Body.Length == 0 ? default : JsonDocument.Parse(reply.Body).RootElement;
            return RouteRig.Judge((HttpStatusCode)reply.Status, body, 400, "InvalidRequestContent", route)
                ?? (RouteRig.MessageOf(body).Contains(says, StringComparison.Ordinal) ? null : RouteRig.MessageOf(body));
        });
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_before_it_came()
    {
        await using var rig = await RouteRig.StartAsync();
        await rig.CheckAsync(RouteRig.TakingBodies, async route =>
        {
            await using var connection = await RawConnection.OpenAsync(rig.Host.Endpoint);
            await connection.SendHeadAsync(
                route.Method, RouteRig.PathOf(route) + "?api-version=2023-07-01", ("Authorization", $"Bearer {rig.Owner.Token}"),
                ("Content-Length", (MaxBodyBytes + 1).ToString(CultureInfo.InvariantCulture)));
            var reply = await connection.ReceiveAsync();
            return RouteRig.Judge((HttpStatusCode)reply.Status, JsonDocument.Parse(reply.Body).RootElement, 413, "RequestEntityTooLarge", route);
        });
    }

    private static byte[] Spoil(string text, string how)
    {
        var inner = text[1..^1];
        var comma = inner.Length > 0 ? "," : "";
        var spoiled = how switch
        {
            "nested" => $$"""{{{inner}}{{comma}}"tags":{{new string('[', 32)}}{{new string(']', 32)}}}""",
            "deeply nested" => $$"""{{{inner}}{{comma}}"tags":{{new string('[', 100_000)}}""",
            "half a surrogate pair as a name" => $$"""{{{inner}}{{comma}}"\ud800":1}""",
            "half a surrogate pair as a text" => $$"""{{{inner}}{{comma}}"extra":"\udc00"}""",
            "half a surrogate pair far below" => $$"""{{{inner}}{{comma}}"extra":[{"a":["b","\ud800x"]}]}""",
            "cut off" => text[..^1],
            "more behind it" => text + "{}",
            "a comment" => text[..^1] + "/* */}",
            "a comma too many" => text[..^1] + ",}",
            "a byte that is no text" => $$"""{{{inner}}{{comma}}"extra":"~"}""",
            _ => throw new NotSupportedException(how),
        };
        var bytes = System.Text.Encoding.UTF8.GetBytes(spoiled);
        if (how == "a byte that is no text") bytes[Array.LastIndexOf(bytes, (byte)'~')] = 0xff;
        return bytes;
    }

    private static Task<Reply> SendBytesAsync(RouteRig rig, ManagementRoute route, byte[] body) => RawConnection.ExchangeAsync(
        rig.Host.Endpoint, route.Method, RouteRig.PathOf(route) + "?api-version=2023-07-01", body, ("Authorization", $"Bearer {rig.Owner.Token}"), ("Content-Type", "application/json"));

    // What is wrong with how the route takes its body when this is set in it; null for nothing.
    private static async Task<string?> RefusedAsync(RouteRig rig, ManagementRoute route, IReadOnlyList<string> path, JsonNode? value)
    {
        var body = ValidBodies.Of(route, rig.ObjectId);
        Set(body, path, value);
        var (status, answer) = await rig.Owner.SendAsync(route.Method, RouteRig.PathOf(route), body.ToJsonString());
        if ((int)status != 400) return $"{(int)status} for {body.ToJsonString()}: {answer}";
        var message = RouteRig.MessageOf(answer);
        return message.Contains(path.Last(name => name != "[]"), StringComparison.Ordinal) ? null : $"'{message}' for {body.ToJsonString()}";
    }

    private static void Set(JsonObject body, IReadOnlyList<string> path, JsonNode? value)
    {
        JsonNode at = body;
        for (var i = 0; i < path.Count; i++)
        {
            var next = i + 1 == path.Count ? value?.DeepClone() : path[i + 1] == "[]" ? new JsonArray() : new JsonObject();
            if (at is JsonArray list)
            {
                list.Clear();
                list.Add(next);
                at = next!;
                continue;
            }

            // What stands on the way stays as it is, but for a list, which has the one entry.
            var within = at.AsObject();
            if (i + 1 == path.Count || within[path[i]] is not JsonObject) within[path[i]] = next;
            at = within[path[i]]!;
        }
    }

    private static IEnumerable<(IReadOnlyList<string> Path, JsonElement Schema)> PropertiesOf(ApiDocument document, ManagementRoute route)
    {
        if (document.BodyOf(route.Name) is not { } schema) return [];
        return Below(document.Check.Resolve(schema), []);

        IEnumerable<(IReadOnlyList<string>, JsonElement)> Below(JsonElement within, IReadOnlyList<string> path)
        {
            if (within.TryGetProperty("items", out var items))
            {
                var item = document.Check.Resolve(items);
                yield return ([.. path, "[]"], item);
                foreach (var each in Below(item, [.. path, "[]"])) yield return each;
            }

            if (!within.TryGetProperty("properties", out var properties)) yield break;
            foreach (var property in properties.EnumerateObject())
            {
                var of = document.Check.Resolve(property.Value);
                if (of.TryGetProperty("readOnly", out var flag) && flag.GetBoolean()) continue;
                yield return ([.. path, property.Name], of);
                foreach (var each in Below(of, [.. path, property.Name])) yield return each;
            }
        }
    }

    private static IEnumerable<JsonNode> OtherTypesThan(JsonElement schema)
    {
        var types = !schema.TryGetProperty("type", out var type) ? [] : type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(each => each.GetString()!).ToList() : [type.GetString()!];
        if (types.Count == 0) yield break;
        if (!types.Contains("string")) yield return JsonValue.Create("text");
        if (!types.Contains("integer")) yield return JsonValue.Create(5);
        if (!types.Contains("boolean")) yield return JsonValue.Create(true);
        if (!types.Contains("array")) yield return new JsonArray();
        if (!types.Contains("object")) yield return new JsonObject();
    }
}
