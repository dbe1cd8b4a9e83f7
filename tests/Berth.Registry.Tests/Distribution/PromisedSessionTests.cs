using System.Net;
using System.Net.Http.Headers;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Distribution;
using Berth.Registry.Jobs;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Distribution;

/// <summary>Sessions that have no row until bytes come: to a client they are as any other.</summary>
public sealed class PromisedSessionTests
{
    private const string App = "team/app";

    private static readonly byte[] Content = [.. Enumerable.Range(0, 5_000).Select(i => (byte)i)];
    private static readonly Digest DigestOfContent = Digest.Compute(DigestAlgorithm.Sha256, Content);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_has_no_row_until_its_bytes_come_all_at_once()
    {
        await using var host = await StartAsync();
        var session = await PromiseAsync(host);
        Assert.Equal(0, await host.Metadata.CountUploadsAsync(await RegistryAsync(host), 0, Cancelled));

        Assert.Equal((HttpStatusCode.NoContent, "0-0"), await StatusAsync(host, session));
        Assert.Equal(HttpStatusCode.Created, await PutAsync(host, session, Content));

        Assert.Equal(Content, (await host.Client.GetBlobAsync(App, DigestOfContent)).Body);
        Assert.Equal(HttpStatusCode.NotFound, (await StatusAsync(host, session)).Status);

        // The answer that was lost, given again; and another blob is another session's.
        Assert.Equal(HttpStatusCode.Created, await PutAsync(host, session, Content));
        Assert.Equal(HttpStatusCode.NotFound, await PutAsync(host, session, [1, 2, 3]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(WholeUploads.MostBytes)]
    [InlineData(WholeUploads.MostBytes + 1)]
    [InlineData(3_000_000)]
    public async Task Any_number_of_bytes_comes_in_one_request(int length)
    {
        await using var host = await StartAsync();
        var content = new byte[length];
        Random.Shared.NextBytes(content);
        foreach (var algorithm in new[] { DigestAlgorithm.Sha256, DigestAlgorithm.Sha512 })
        {
            var digest = Digest.Compute(algorithm, content);
            Assert.Equal(HttpStatusCode.Created, (await host.Client.PutAsync($"{await PromiseAsync(host)}?digest={digest}", new ByteArrayContent(content), Cancelled)).StatusCode);
            Assert.Equal(content, (await host.Client.GetBlobAsync(App, digest)).Body);
        }
    }

    [Fact]
    public async Task A_body_of_unknown_length_is_taken_as_by_any_session()
    {
        await using var host = await StartAsync();
        var session = await PromiseAsync(host);
        using var request = new HttpRequestMessage(HttpMethod.Put, $"{session}?digest={DigestOfContent}") { Content = new ByteArrayContent(Content) };
        request.Headers.TransferEncodingChunked = true;

        Assert.Equal(HttpStatusCode.Created, (await host.Client.SendAsync(request, Cancelled)).StatusCode);
        Assert.Equal(Content, (await host.Client.GetBlobAsync(App, DigestOfContent)).Body);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Chunks_open_it_whether_their_client_follows_the_location_or_not(bool follows)
    {
        await using var host = await StartAsync();
        var session = await PromiseAsync(host);
        for (var at = 0; at < Content.Length; at += 2_500)
        {
            var chunk = new ByteArrayContent(Content[at..(at + 2_500)]);
            chunk.Headers.TryAddWithoutValidation("Content-Range", $"{at}-{at + 2_499}");
            var answer = await host.Client.PatchAsync(session, chunk, Cancelled);
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            Assert.Equal($"0-{at + 2_499}", answer.Headers.GetValues("Range").Single());
            if (follows) session = answer.Headers.Location!.OriginalString;
        }

        Assert.Equal((HttpStatusCode.NoContent, "0-4999"), await StatusAsync(host, session));
        Assert.Equal(1, await host.Metadata.CountUploadsAsync(await RegistryAsync(host), 0, Cancelled));
        Assert.Equal(HttpStatusCode.Created, (await host.Client.PutAsync($"{session}?digest={DigestOfContent}", null, Cancelled)).StatusCode);
        Assert.Equal(Content, (await host.Client.GetBlobAsync(App, DigestOfContent)).Body);
        Assert.Equal(0, await host.Metadata.CountUploadsAsync(await RegistryAsync(host), 0, Cancelled));
    }

    [Theory]
    [InlineData("PATCH")]
    [InlineData("PUT")]
    public async Task A_chunk_that_does_not_start_at_its_beginning_is_out_of_order(string method)
    {
        await using var host = await StartAsync();
        var session = await PromiseAsync(host);
        using var request = new HttpRequestMessage(new HttpMethod(method), $"{session}?digest={DigestOfContent}") { Content = new ByteArrayContent(Content) };
        request.Content.Headers.TryAddWithoutValidation("Content-Range", "5-5004");

        var answer = await host.Client.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, answer.StatusCode);
        Assert.Equal(session, answer.Headers.Location!.OriginalString);
        Assert.Equal(HttpStatusCode.Created, await PutAsync(host, session, Content));
    }

    [Fact]
    public async Task Bytes_with_another_digest_end_it()
    {
        await using var host = await StartAsync();
        var session = await PromiseAsync(host);

        var answer = await host.Client.PutAsync($"{session}?digest={DigestOfContent}", new ByteArrayContent([1, 2, 3]), Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("DIGEST_INVALID", await answer.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, await PutAsync(host, session, Content));
        Assert.Equal(HttpStatusCode.NotFound, (await StatusAsync(host, session)).Status);
    }

    [Fact]
    public async Task One_that_is_cancelled_is_gone()
    {
        await using var host = await StartAsync();
        var session = await PromiseAsync(host);

        Assert.Equal(HttpStatusCode.NoContent, (await host.Client.DeleteAsync(session, Cancelled)).StatusCode);

        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.DeleteAsync(session, Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, await PutAsync(host, session, Content));
        Assert.Equal(HttpStatusCode.NotFound, (await StatusAsync(host, session)).Status);
    }

    [Fact]
    public async Task Of_requests_that_finish_it_at_once_with_different_bytes_one_is_told_that_it_did()
    {
        await using var host = await StartAsync();
        for (var round = 0; round < 5; round++)
        {
            var session = await PromiseAsync(host);
            var contents = Enumerable.Range(0, 4).Select(i => new byte[] { (byte)round, (byte)i }).ToList();

            var answers = await Task.WhenAll(contents.Select(content => PutAsync(host, session, content)));

            Assert.Single(answers, answer => answer == HttpStatusCode.Created);
            Assert.All(answers, answer => Assert.True(answer is HttpStatusCode.Created or HttpStatusCode.Conflict or HttpStatusCode.NotFound, $"answered {answer}"));
            for (var i = 0; i < 4; i++)
            {
                var isThere = await host.Client.HeadBlobAsync(App, Digest.Compute(DigestAlgorithm.Sha256, contents[i])) == HttpStatusCode.OK;
                Assert.Equal(answers[i] == HttpStatusCode.Created, isThere);
            }
        }
    }

    [Fact]
    public async Task Requests_that_bring_the_same_blob_at_once_are_all_told_that_it_stands()
    {
        await using var host = await StartAsync();
        for (var round = 0; round < 5; round++)
        {
            var session = await PromiseAsync(host);
            byte[] content = [7, (byte)round];

            // One that meets the other before its commit is to be seen is told to come again.
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PutAsync(host, session, content)));

            Assert.Contains(HttpStatusCode.Created, answers);
            Assert.All(answers, answer => Assert.True(answer is HttpStatusCode.Created or HttpStatusCode.Conflict, $"answered {answer}"));
            Assert.Equal(HttpStatusCode.Created, await PutAsync(host, session, content));
        }
    }

    [Fact]
    public async Task Of_requests_of_all_kinds_that_come_at_once_none_fails()
    {
        await using var host = await StartAsync();
        for (var round = 0; round < 8; round++)
        {
            var session = await PromiseAsync(host);
            byte[] content = [8, (byte)round];
            var wrong = $"{session}?digest={DigestOfContent}";

            var answers = await Task.WhenAll(
                PutAsync(host, session, content),
                StatusOf(host.Client.PatchAsync(session, new ByteArrayContent(content), Cancelled)),
                StatusOf(host.Client.PatchAsync(session, new ByteArrayContent([1]), Cancelled)),
                StatusOf(host.Client.PutAsync(wrong, new ByteArrayContent([2]), Cancelled)),
                StatusOf(host.Client.PutAsync(wrong, new ByteArrayContent(new byte[300_000]), Cancelled)),
                StatusOf(host.Client.DeleteAsync(session, Cancelled)));

            Assert.All(answers, answer => Assert.True((int)answer is >= 200 and < 500, $"answered {answer}"));
            if (answers[0] == HttpStatusCode.Created) Assert.Equal(content, (await host.Client.GetBlobAsync(App, Digest.Compute(DigestAlgorithm.Sha256, content))).Body);
        }

        static async Task<HttpStatusCode> StatusOf(Task<HttpResponseMessage> answer) => (await answer).StatusCode;
    }

    [Fact]
    public async Task What_comes_between_its_two_requests_refuses_it_before_its_bytes_are_stored()
    {
        await using var host = await StartAsync();
        var (first, second) = (await PromiseAsync(host), await PromiseAsync(host));
        var locations = await LocationsAsync(host);
        await host.Metadata.SetQuotaAsync(await RegistryAsync(host), null, new QuotaLimits(100, null), Caller.System, Cancelled);

        Assert.Equal(HttpStatusCode.Forbidden, await PutAsync(host, first, Content));
        Assert.Equal(locations, await LocationsAsync(host));
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.PutAsync($"{second}?digest={DigestOfContent}", new ByteArrayContent([1, 2, 3]), Cancelled)).StatusCode);
    }

    [Fact]
    public async Task A_step_of_the_clock_does_not_refuse_the_next_push()
    {
        await using var host = await StartAsync();
        Assert.Equal(HttpStatusCode.Created, await PutAsync(host, await PromiseAsync(host), [1]));
        await host.TamperAsync("DELETE FROM discarded_locations");

        Assert.Equal(HttpStatusCode.Created, await PutAsync(host, await PromiseAsync(host), Content));
        Assert.Equal(Content, (await host.Client.GetBlobAsync(App, DigestOfContent)).Body);
    }

    [Fact]
    public async Task It_is_nobody_elses_nowhere_else_and_not_for_ever()
    {
        await using var host = await StartAsync();
        var session = await PromiseAsync(host);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/other", [1]));
        var id = session[(session.LastIndexOf('/') + 1)..];

        // Each character of it counts, and none may be missing.
        var dot = id.IndexOf('.', StringComparison.Ordinal);
        foreach (var wrong in new[]
        {
            $"/v2/team/other/blobs/uploads/{id}", $"/v2/team/none/blobs/uploads/{id}", Session(id[..dot]), Session(id[..(dot + 1)]), Session($"{id[..^1]}{(id[^1] == 'A' ? 'E' : 'A')}"),
            Session($"{(id[0] == '0' ? '1' : '0')}{id[1..]}"), Session($"{id[..(dot + 1)]}{(id[dot + 1] == 'A' ? 'B' : 'A')}{id[(dot + 2)..]}"), Session($"{id}A"), Session(id[..^1]),
            Session($"{id[..dot]}..{id[(dot + 2)..]}"), Session($"{id[..dot]}.{new string('*', id.Length - dot - 1)}"),
        })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await StatusAsync(host, wrong)).Status);
            Assert.Equal(HttpStatusCode.NotFound, await PutAsync(host, wrong, Content));
        }

        // Another principal who may push there, too.
        await host.Metadata.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.User, "other@example.test", "Other"), Caller.System, Cancelled);
        await host.AssignAsync("other@example.test", "AcrPush");
        using var other = await host.SignedInAsync("other@example.test");
        Assert.Equal(HttpStatusCode.Created, await other.PushBlobByPutAsync(App, [9]));
        foreach (var request in new[]
        {
            other.GetAsync(session, Cancelled), other.PutAsync($"{session}?digest={DigestOfContent}", new ByteArrayContent(Content), Cancelled),
            other.PatchAsync(session, new ByteArrayContent(Content), Cancelled), other.DeleteAsync(session, Cancelled),
        })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await request).StatusCode);
        }

        host.Time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(HttpStatusCode.NoContent, (await StatusAsync(host, session)).Status);
        host.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(HttpStatusCode.NotFound, (await StatusAsync(host, session)).Status);
        Assert.Equal(HttpStatusCode.NotFound, await PutAsync(host, session, Content));

        static string Session(string id) => $"/v2/{App}/blobs/uploads/{id}";
    }

    [Fact]
    public async Task A_session_is_opened_with_its_row_where_it_reserves_or_may_be_refused_or_a_node_would_not_know_it()
    {
        await using var host = await StartAsync();
        Assert.DoesNotContain('.', await OpenAsync(host, "team/new"));
        Assert.DoesNotContain('.', await OpenAsync(host, App, "?digest-algorithm=sha512"));

        host.Services.GetRequiredService<Node>().LeastLevel = 0;
        var opened = await OpenAsync(host, App);
        Assert.DoesNotContain('.', opened);
        host.Services.GetRequiredService<Node>().LeastLevel = NodeDescription.PromisedSessions;

        await host.Metadata.SetQuotaAsync(await RegistryAsync(host), null, new QuotaLimits(100_000, null), Caller.System, Cancelled);
        Assert.DoesNotContain('.', await OpenAsync(host, App));
        Assert.Equal(HttpStatusCode.Created, await PutAsync(host, opened, Content));
    }

    [Fact]
    public async Task What_a_push_that_failed_has_left_is_collected()
    {
        await using var host = await StartAsync();
        var session = await PromiseAsync(host);
        await host.RefuseAsync("INSERT ON memberships");
        Assert.Equal(HttpStatusCode.InternalServerError, await PutAsync(host, session, Content));
        await host.AllowAsync("INSERT ON memberships");
        var left = await LocationsAsync(host);

        host.Time.Advance(TimeSpan.FromDays(2));
        await host.Collector.SweepAsync(Cancelled);
        await host.Collector.SweepAsync(Cancelled);

        Assert.True((await LocationsAsync(host)).Count < left.Count, "nothing was removed");
        Assert.Equal(HttpStatusCode.Created, await PutAsync(host, await PromiseAsync(host), Content));
        Assert.Equal(Content, (await host.Client.GetBlobAsync(App, DigestOfContent)).Body);
    }

    /// <summary>A host whose repository is there, and whose owner is known.</summary>
    private static async Task<RegistryHost> StartAsync()
    {
        var host = await RegistryHost.StartAsync();
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(App, [0]));
        return host;
    }

    private static async Task<string> OpenAsync(RegistryHost host, string repository, string query = "")
    {
        var answer = await host.Client.PostAsync($"/v2/{repository}/blobs/uploads/{query}", null, Cancelled);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("0-0", answer.Headers.GetValues("Range").Single());
        return answer.Headers.Location!.OriginalString;
    }

    private static async Task<long> RegistryAsync(RegistryHost host) => (await host.Metadata.FindRegistryAsync("local", Cancelled))!.Id;

    private static async Task<List<string>> LocationsAsync(RegistryHost host)
    {
        var locations = new List<string>();
        await foreach (var blob in host.Blobs.ListAsync(Cancelled)) locations.Add(blob.Location);
        return locations;
    }

    private static async Task<string> PromiseAsync(RegistryHost host)
    {
        var session = await OpenAsync(host, App);
        Assert.Contains('.', session);
        return session;
    }

    private static async Task<(HttpStatusCode Status, string? Range)> StatusAsync(RegistryHost host, string session)
    {
        var answer = await host.Client.GetAsync(session, Cancelled);
        return (answer.StatusCode, answer.Headers.TryGetValues("Range", out var range) ? range.Single() : null);
    }

    private static async Task<HttpStatusCode> PutAsync(RegistryHost host, string session, byte[] content)
    {
        var body = new ByteArrayContent(content) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        return (await host.Client.PutAsync($"{session}?digest={Digest.Compute(DigestAlgorithm.Sha256, content)}", body, Cancelled)).StatusCode;
    }
}
