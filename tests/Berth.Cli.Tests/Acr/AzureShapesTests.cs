using System.Text.Json;
using Berth.Cli.Tests.Fakes;

namespace Berth.Cli.Tests.Acr;

/// <summary>The client against Azure Container Registry's own data plane: its challenge, its tokens and answers in the shapes that Azure documents, and nothing that Berth adds.</summary>
public sealed class AzureShapesTests : IAsyncDisposable
{
    private const string Digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private const string Flags = """{"deleteEnabled":true,"writeEnabled":true,"readEnabled":true,"listEnabled":true}""";
    private const string Times = "\"createdTime\":\"2018-09-07T16:30:46.6583219Z\",\"lastUpdateTime\":\"2018-09-07T16:30:46.6583219Z\"";

    private readonly ClientProgram _client = new();
    private readonly FakePeer _azure;

    public AzureShapesTests() => _azure = new FakePeer(Answer);

    public async ValueTask DisposeAsync()
    {
        await _azure.DisposeAsync();
        _client.Dispose();
    }

    [Fact]
    public async Task Repositories_and_tags_are_listed_over_the_links_that_it_gives()
    {
        Assert.Equal("app\nbase\n", await TextAsync("repository", "list", "--name", _azure.Address, "-o", "tsv"));
        Assert.Equal("v1\nv2\n", await TextAsync("repository", "show-tags", "--name", _azure.Address, "--repository", "app", "--orderby", "time_desc", "-o", "tsv"));
        var tags = await JsonAsync("repository", "show-tags", "--name", _azure.Address, "--repository", "app", "--detail");
        Assert.Equal(["v1", "v2"], tags.EnumerateArray().Select(tag => tag.GetProperty("name").GetString()));
        Assert.Equal((Digest, false), (tags[0].GetProperty("digest").GetString(), tags[0].GetProperty("signed").GetBoolean()));
    }

    [Fact]
    public async Task Attributes_are_shown_and_changed()
    {
        Assert.Equal(6, (await JsonAsync("repository", "show", "--name", _azure.Address, "--repository", "app")).GetProperty("tagCount").GetInt32());
        Assert.Equal("v1", (await JsonAsync("repository", "show", "--name", _azure.Address, "--image", "app:v1")).GetProperty("name").GetString());
        Assert.False((await JsonAsync("repository", "update", "--name", _azure.Address, "--image", "app:v1", "--write-enabled", "false"))
            .GetProperty("changeableAttributes").GetProperty("writeEnabled").GetBoolean());
        var manifest = Assert.Single((await JsonAsync("manifest", "list-metadata", "--registry", _azure.Address, "--name", "app")).EnumerateArray());
        Assert.Equal(("amd64", 2401606), (manifest.GetProperty("architecture").GetString(), manifest.GetProperty("imageSize").GetInt32()));
    }

    [Fact]
    public async Task What_is_deleted_is_answered_202()
    {
        Assert.Empty(await TextAsync("repository", "untag", "--name", _azure.Address, "--image", "app:v1"));
        await TextAsync("repository", "delete", "--name", _azure.Address, "--image", "app:v1", "--yes");
        Assert.Equal([Digest], (await JsonAsync("repository", "delete", "--name", _azure.Address, "--repository", "app", "--yes"))
            .GetProperty("manifestsDeleted").EnumerateArray().Select(digest => digest.GetString()));
        Assert.Equal(["/acr/v1/app/_tags/v1", $"/v2/app/manifests/{Digest}", "/acr/v1/app"], _azure.Seen.Where(seen => seen.Method == "DELETE" && IsKnown(seen)).Select(seen => seen.Path));
    }

    [Fact]
    public async Task Its_errors_are_said_in_its_words()
    {
        var absent = await RunAsync("repository", "show", "--name", _azure.Address, "--repository", "nothing");
        Assert.Equal((1, ""), (absent.Status, absent.Output));
        Assert.Contains("repository name not known to registry", absent.Errors, StringComparison.Ordinal);

        var denied = await RunAsync("manifest", "list-metadata", "--registry", _azure.Address, "--name", "secret");
        Assert.Equal((1, ""), (denied.Status, denied.Output));
        Assert.Contains("authentication required, visit https://aka.ms/acr/authorization", denied.Errors, StringComparison.Ordinal);
    }

    private FakeAnswer Answer(SeenRequest request)
    {
        if (request.Path == "/oauth2/token") return Json(200, """{"access_token":"eyJ0"}""");
        if (!IsKnown(request) || request.Path.Contains("/secret", StringComparison.Ordinal)) return Challenge();
        return (request.Method, request.Path, request.Query) switch
        {
            ("GET", "/v2/_catalog", var query) when !query.Contains("last=", StringComparison.Ordinal) => Next("""{"repositories":["app"]}""", "/v2/_catalog?last=app&n=1&orderby="),
            ("GET", "/v2/_catalog", _) => Json(200, """{"repositories":["base"]}"""),
            ("GET", "/acr/v1/app/_tags", var query) when !query.Contains("last=", StringComparison.Ordinal) => Next(Tags("v1"), "/acr/v1/app/_tags?last=v1&n=1&orderby=timedesc"),
            ("GET", "/acr/v1/app/_tags", _) => Json(200, Tags("v2")),
            ("GET", "/acr/v1/app/_tags/v1", _) => Json(200, $$"""{"registry":"r.azurecr.io","imageName":"app","tag":{{Tag("v1", Flags)}}}"""),
            ("PATCH", "/acr/v1/app/_tags/v1", _) => Json(200, $$"""{"registry":"r.azurecr.io","imageName":"app","tag":{{Tag("v1", Flags.Replace("\"writeEnabled\":true", "\"writeEnabled\":false", StringComparison.Ordinal))}}}"""),
            ("GET", "/acr/v1/app", _) => Json(200, $$"""{"registry":"r.azurecr.io","imageName":"app",{{Times}},"manifestCount":2,"tagCount":6,"changeableAttributes":{{Flags}}}"""),
            ("GET", "/acr/v1/app/_manifests", _) => Json(200, $$"""
                {"registry":"r.azurecr.io","imageName":"app","manifests":[{"digest":"{{Digest}}","imageSize":2401606,{{Times}},"architecture":"amd64","os":"linux",
                "mediaType":"application/vnd.docker.distribution.manifest.v2+json","configMediaType":"application/vnd.docker.container.image.v1+json","tags":["v1"],"changeableAttributes":{{Flags}}}]}
                """),
            ("HEAD", "/v2/app/manifests/v1", _) => new FakeAnswer(200).With("Content-Type: application/vnd.docker.distribution.manifest.v2+json").With($"Docker-Content-Digest: {Digest}"),
            ("DELETE", "/acr/v1/app/_tags/v1" or $"/v2/app/manifests/{Digest}", _) => new FakeAnswer(202),
            ("DELETE", "/acr/v1/app", _) => Json(202, $$"""{"manifestsDeleted":["{{Digest}}"],"tagsDeleted":["v1"]}"""),
            _ => Json(404, """{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry","detail":{"name":"nothing"}}]}"""),
        };
    }

    private static bool IsKnown(SeenRequest request) => request.Head.Contains("Authorization: Bearer eyJ0", StringComparison.Ordinal);

    private FakeAnswer Challenge() =>
        Json(401, """{"errors":[{"code":"UNAUTHORIZED","message":"authentication required, visit https://aka.ms/acr/authorization for more information.","detail":[{"Type":"repository","Name":"app","Action":"metadata_read"}]}]}""")
            .With($"Www-Authenticate: Bearer realm=\"{_azure.Address}/oauth2/token\",service=\"127.0.0.1:{_azure.Port}\"");

    private static FakeAnswer Next(string body, string next) => Json(200, body).With($"Link: <{next}>; rel=\"next\"");

    private static FakeAnswer Json(int status, string body) => new FakeAnswer(status, body).With("Content-Type: application/json; charset=utf-8");

    private static string Tags(string name) => $$"""{"registry":"r.azurecr.io","imageName":"app","tags":[{{Tag(name, Flags)}}]}""";

    private static string Tag(string name, string flags) => $$"""{"name":"{{name}}","digest":"{{Digest}}",{{Times}},"signed":false,"changeableAttributes":{{flags}}}""";

    private Task<ClientRun> RunAsync(params string[] arguments) => _client.RunAsync(["acr", .. arguments, "-u", "reader", "-p", "s3cr3t"]);

    private async Task<string> TextAsync(params string[] arguments)
    {
        var run = await RunAsync(arguments);
        Assert.True(run.Status == 0, run.Errors);
        return run.Output;
    }

    private async Task<JsonElement> JsonAsync(params string[] arguments) => JsonDocument.Parse(await TextAsync(arguments)).RootElement;
}
