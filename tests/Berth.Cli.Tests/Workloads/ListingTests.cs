using System.Text;
using Berth.Cli.Session;
using Berth.Cli.Workloads;

namespace Berth.Cli.Tests.Workloads;

/// <summary>What is read from what clusters and container engines print.</summary>
public sealed class ListingTests
{
    private static readonly string A = DigestOf('a');
    private static readonly string B = DigestOf('b');
    private static readonly string C = DigestOf('c');
    private static readonly string Id = DigestOf('9');

    [Fact]
    public void Pods_run_what_they_ask_for_and_what_it_turned_out_to_be()
    {
        var listing = Parse(ListingFormat.Kubectl, $$$"""
            {"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop"},
             "spec":{"containers":[{"name":"web","image":"reg.example:5443/team/app:1"},{"name":"side","image":"reg.example:5443/team/side@{{{A}}}"}],
                     "initContainers":[{"name":"init","image":"reg.example:5443/team/init:1"}],
                     "ephemeralContainers":[{"name":"debug","image":"reg.example:5443/team/debug"}]},
             "status":{"phase":"Running",
                "containerStatuses":[{"name":"web","image":"reg.example:5443/team/app:1","imageID":"reg.example:5443/team/app@{{{B}}}"},
                                     {"name":"side","image":"{{{Id}}}","imageID":"docker-pullable://other.example/mirror/side@{{{C}}}"}],
                "initContainerStatuses":[{"name":"init","image":"reg.example:5443/team/init:1","imageID":"{{{Id}}}"}],
                "ephemeralContainerStatuses":[{"name":"debug","imageID":""}]}}]}
            """);

        // The digest that another registry's name stands for is the same content.
        Assert.Equal(
            [$"other.example/mirror/side {C}", $"reg.example:5443/team/app {B}", $"reg.example:5443/team/side {A}"], WithDigest(listing));
        Assert.Equal(["reg.example:5443/team/debug", "reg.example:5443/team/init:1"], Unresolved(listing));
    }

    [Fact]
    public void A_digest_that_a_node_knows_by_another_name_counts_under_the_name_that_was_asked_for() => Assert.Equal(
        [$"mirror.example/app {A}", $"reg.example/team/app {A}"],
        WithDigest(Parse(ListingFormat.Kubectl, $$$"""
            {"kind":"Pod","spec":{"containers":[{"name":"c","image":"reg.example/team/app:1"}]},"status":{"containerStatuses":[{"name":"c","imageID":"mirror.example/app@{{{A}}}"}]}}
            """)));

    [Fact]
    public void Podman_s_containers_are_joined_with_its_images()
    {
        var containers = $$"""[{"Id":"1","Image":"localhost:5000/team/app:1","ImageID":"{{Id[7..]}}","Names":["web"],"State":"running"}]""";
        var images = $$"""[{"Id":"{{Id[7..]}}","RepoTags":null,"RepoDigests":["localhost:5000/team/app@{{A}}","localhost:5000/team/app@{{B}}"]},{"Id":"77","RepoTags":["x"],"RepoDigests":["localhost:5000/unused@{{C}}"]}]""";

        Assert.Equal([$"localhost:5000/team/app {A}", $"localhost:5000/team/app {B}"], WithDigest(Parse(ListingFormat.Podman, containers + "\n" + images)));
        Assert.Empty(Unresolved(Parse(ListingFormat.Podman, images + containers)));
        Assert.Equal(["localhost:5000/team/app:1"], Unresolved(Parse(ListingFormat.Podman, containers)));

        // Images alone are all reported; containers that are none are none.
        Assert.Equal([$"localhost:5000/team/app {A}", $"localhost:5000/team/app {B}", $"localhost:5000/unused {C}"], WithDigest(Parse(ListingFormat.Podman, images)));
        Assert.Empty(WithDigest(Parse(ListingFormat.Podman, "[]" + images)));
    }

    [Fact]
    public void Podman_s_inspection_says_the_digest_itself() => Assert.Equal(
        [$"localhost:5000/team/app {A}"],
        WithDigest(Parse(ListingFormat.Podman, $$"""[{"Id":"1","Image":"{{Id[7..]}}","ImageDigest":"{{A}}","ImageName":"localhost:5000/team/app:1"}]""")));

    [Fact]
    public void Crictl_s_containers_are_joined_with_its_images()
    {
        var containers = $$"""{"containers":[{"id":"1","image":{"image":"{{Id}}","userSpecifiedImage":""},"imageRef":"{{Id}}","state":"CONTAINER_RUNNING"},{"id":"2","image":{"image":"reg.example/b:1"},"imageRef":"reg.example/b@{{B}}"}]}""";
        var images = $$"""{"images":[{"id":"{{Id}}","repoTags":["reg.example/a:1"],"repoDigests":["reg.example/a@{{A}}"]},{"id":"{{C}}","repoTags":[],"repoDigests":["reg.example/unused@{{C}}"]}]}""";

        Assert.Equal([$"reg.example/a {A}", $"reg.example/b {B}"], WithDigest(Parse(ListingFormat.Crictl, containers + images)));
        Assert.Equal([$"reg.example/a {A}", $"reg.example/unused {C}"], WithDigest(Parse(ListingFormat.Crictl, images)));
    }

    [Fact]
    public void Digests_stand_by_themselves_or_behind_an_image() => Assert.Equal(
        [$"/ {A}", $"/team/app {B}", $"reg.example/team/app {C}"],
        WithDigest(Parse(ListingFormat.Digests, $"# what runs\n\n{A}\r\nteam/app@{B}\n  reg.example/team/app:1@{C}\n")));

    [Theory]
    [InlineData("kubectl", "{")]
    [InlineData("kubectl", """{"kind":"NodeList"}""")]
    [InlineData("kubectl", """{"kind":"List","items":[{"kind":"Node"}]}""")]
    [InlineData("kubectl", """[{"Image":"a"}]""")]
    [InlineData("podman", """{"kind":"List","items":[]}""")]
    [InlineData("crictl", "[]")]
    [InlineData("crictl", """{"kind":"\ud800"}""")]
    [InlineData("digests", "team/app:1")]
    [InlineData("digests", "sha256:abc")]
    public void Anything_else_is_refused(string format, string text) =>
        Assert.Throws<ClientException>(() => Parse(Enum.Parse<ListingFormat>(format, ignoreCase: true), text));

    [Theory]
    [InlineData("alpine", "", "alpine")]
    [InlineData("library/alpine:3", "", "library/alpine")]
    [InlineData("localhost/app:1", "localhost", "app")]
    [InlineData("reg.example/team/app", "reg.example", "team/app")]
    [InlineData("reg:5000/app:1", "reg:5000", "app")]
    public void The_host_is_told_from_the_repository_as_engines_do(string text, string host, string repository)
    {
        var image = ImageText.Parse(text)!;
        Assert.Equal((host, repository), (image.Host, image.Repository!.Value.Value));
    }

    private static string DigestOf(char digit) => $"sha256:{new string(digit, 64)}";

    private static Listing Parse(ListingFormat format, string text) => Listing.Parse(Encoding.UTF8.GetBytes(text), format);

    private static IEnumerable<string> WithDigest(Listing listing) => listing.Images.Where(image => !image.Digest.IsDefault)
        .Select(image => $"{image.Host}{(image.Host is "" ? "" : "/")}{image.Repository?.Value} {image.Digest}").Distinct().Order(StringComparer.Ordinal);

    private static IEnumerable<string> Unresolved(Listing listing) => listing.Images
        .Where(image => image.Digest.IsDefault && image.Host is { Length: > 0 } && !listing.IsResolved(image.Text)).Select(image => image.Text).Distinct().Order(StringComparer.Ordinal);
}
