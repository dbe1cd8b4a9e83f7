using System.Net;
using System.Text.Json;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>Tags by themselves, of every kind of resource that has them.</summary>
public sealed class TagTests
{
    private const string Below = "/providers/Microsoft.Resources/tags/default";

    [Theory]
    [InlineData(ControlClient.Local)]
    [InlineData(ControlClient.Group)]
    [InlineData(ControlClient.Identities + "/builder")]
    public async Task Tags_are_set_merged_taken_away_one_by_one_and_all_at_once(string resource)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Identities + "/builder", """{"location":"local"}""");

        Assert.Equal("""{"a":"1","b":"2"}""", await ChangeAsync("PUT", """{"properties":{"tags":{"a":"1","b":"2"}}}"""));
        Assert.Equal("""{"a":"3","b":"2","c":"4"}""", await ChangeAsync("PATCH", """{"operation":"Merge","properties":{"tags":{"A":"3","c":"4"}}}"""));
        Assert.Equal("""{"a":"3","c":"4"}""", await ChangeAsync("PATCH", """{"operation":"delete","properties":{"tags":{"B":""}}}"""));
        Assert.Equal("""{"d":"5"}""", await ChangeAsync("PATCH", """{"operation":"Replace","properties":{"tags":{"d":"5"}}}"""));
        var shown = await owner.ExpectAsync(HttpStatusCode.OK, "GET", resource + Below);
        Assert.Equal((resource + Below, "default"), (shown.GetProperty("id").GetString(), shown.GetProperty("name").GetString()));
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", resource + Below);
        Assert.Equal("{}", TagsOf(await owner.ExpectAsync(HttpStatusCode.OK, "GET", resource)));

        async Task<string> ChangeAsync(string method, string body)
        {
            var answer = await owner.ExpectAsync(HttpStatusCode.OK, method, resource + Below, body);
            var tags = TagsOf(answer.GetProperty("properties"));
            Assert.Equal(tags, TagsOf(await owner.ExpectAsync(HttpStatusCode.OK, "GET", resource)));
            return tags;
        }

        static string TagsOf(JsonElement shown) => shown.GetProperty("tags").GetRawText();
    }

    [Theory]
    [InlineData(ControlClient.Local)]
    [InlineData(ControlClient.Group)]
    [InlineData(ControlClient.Identities + "/builder")]
    public async Task Of_tags_that_are_merged_at_the_same_time_none_is_lost(string resource)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Identities + "/builder", """{"location":"local"}""");

        var names = Enumerable.Range(0, 40).Select(i => $"t{i:00}").ToList();
        await Task.WhenAll(names.Select(name => owner.ExpectAsync(HttpStatusCode.OK, "PATCH", resource + Below, $$"""{"operation":"Merge","properties":{"tags":{"{{name}}":"1"} } }""")));

        var tags = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", resource + Below)).GetProperty("properties").GetProperty("tags");
        Assert.Equal(names, tags.EnumerateObject().Select(tag => tag.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task More_than_fifty_and_what_has_none_are_refused()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var many = string.Join(',', Enumerable.Range(0, 50).Select(i => $"\"t{i}\":\"\""));
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", ControlClient.Local + Below, $$"""{"properties":{"tags":{{{many}}} } }""");

        await owner.ExpectErrorAsync(400, "InvalidRequestContent", "PATCH", ControlClient.Local + Below, """{"operation":"Merge","properties":{"tags":{"more":"x"}}}""");
        await owner.ExpectErrorAsync(400, "InvalidRequestContent", "PATCH", ControlClient.Local + Below, """{"operation":"Add","properties":{"tags":{"more":"x"}}}""");
        await owner.ExpectErrorAsync(400, "FeatureNotSupported", "GET", ControlClient.Subscription + Below);
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", ControlClient.Registries + "/absent1" + Below);
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", ControlClient.Local + "/providers/Microsoft.Resources/tags/other");
    }
}
