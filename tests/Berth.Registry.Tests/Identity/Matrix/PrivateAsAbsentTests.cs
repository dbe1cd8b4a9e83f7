using System.Net;
using System.Text;

namespace Berth.Registry.Tests.Identity.Matrix;

/// <summary>What one may not see looks as what there is not: the same status, the same headers, the same body, at every route.</summary>
public sealed class PrivateAsAbsentTests
{
    [Fact]
    public async Task At_every_route_a_private_repository_answers_exactly_as_an_absent_one()
    {
        await using var matrix = await MatrixHost.StartAsync();
        await matrix.OpenToAnybodyAsync(MatrixHost.Public);
        var nobody = await matrix.MakePrincipalAsync();
        using var basic = matrix.BasicOf(nobody);
        using var scoped = matrix.BasicOf(await matrix.MakeTokenAsync("local", "elsewhere", "repositories/public/tool/content/read"));
        (string Who, HttpClient Client)[] callers =
        [
            ("nobody", matrix.Host.WithoutCredential()), ("without a role", basic), ("a repository token", scoped),
            ("a token", matrix.Host.BearerOf(await MatrixHost.TokenAsync(basic, null, "repository:public/tool:pull"))),
            ("the owner's token for elsewhere", matrix.Host.BearerOf(await MatrixHost.TokenAsync(matrix.Host.Client, null, "repository:public/tool:pull"))),
        ];
        var there = matrix.Probes;
        var absent = DataProbe.All("team/not", matrix.Upload);
        foreach (var (who, client) in callers)
        {
            foreach (var (real, none) in there.Zip(absent))
            {
                var known = await ShapeAsync(client, real, "team/app");
                Assert.True(known.StartsWith("40", StringComparison.Ordinal) || real.Need == Need.SignIn, $"{who}: {real.Method} {real.Name}: {known}");
                Assert.Equal((who, real.Name, known), (who, none.Name, await ShapeAsync(client, none, "team/not")));
            }
        }
    }

    [Fact]
    public async Task What_is_asked_of_the_token_service_does_not_tell_a_private_repository_from_an_absent_one()
    {
        await using var matrix = await MatrixHost.StartAsync();
        using var basic = matrix.BasicOf(await matrix.MakePrincipalAsync());
        using var anybody = matrix.Host.WithoutCredential();
        foreach (var name in new[] { "team/app", "team/not" })
        {
            var token = await MatrixHost.TokenAsync(basic, null, $"repository:{name}:pull");
            Assert.Contains("\"access\":[]", Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1])), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.Unauthorized, (await anybody.GetAsync(new Uri($"/oauth2/token?scope=repository:{name}:pull", UriKind.Relative))).StatusCode);
        }
    }

    private static async Task<string> ShapeAsync(HttpClient client, DataProbe probe, string repository)
    {
        using var answer = await client.SendAsync(probe.Request(real: true));
        var text = new StringBuilder($"{(int)answer.StatusCode}\n");
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).OrderBy(h => h.Key, StringComparer.Ordinal))
        {
            if (name is not ("Date" or "X-Request-Id")) text.Append(name).Append(": ").AppendJoin(',', values).Append('\n');
        }

        return text.Append(await answer.Content.ReadAsStringAsync()).Replace(repository, "NAME").ToString();
    }
}
