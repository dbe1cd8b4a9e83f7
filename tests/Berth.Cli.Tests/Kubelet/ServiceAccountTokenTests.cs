using System.Buffers.Text;
using System.Text;
using Berth.Cli.Kubelet;
using Berth.Cli.Session;

namespace Berth.Cli.Tests.Kubelet;

/// <summary>Which tokens of service accounts are given to a registry, and what is read from kubelet.</summary>
public sealed class ServiceAccountTokenTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    [Fact]
    public void A_token_with_an_audience_of_its_own_is_taken() =>
        Assert.Equal(Now.AddHours(1), ServiceAccountToken.Parse(Token("""{"iss":"https://c","aud":["berth"],"exp":1700003600}"""), "berth", Now).Until);

    [Theory]
    [InlineData("""{"iss":"https://c","aud":["https://c"],"exp":1700003600}""", "API server")]
    [InlineData("""{"iss":"https://c","aud":["berth","https://kubernetes.default.svc.cluster.local"],"exp":1700003600}""", "API server")]
    [InlineData("""{"iss":"https://c","exp":1700003600}""", "API server")]
    [InlineData("""{"iss":"https://c","aud":"other","exp":1700003600}""", "not for the audience 'berth'")]
    [InlineData("""{"iss":"https://c","aud":"berth"}""", "does not say when it ends")]
    [InlineData("""{"iss":"https://c","aud":"berth","exp":1700000000}""", "ended at")]
    [InlineData("""{"iss":"https://c","aud":"berth","exp":1e300}""", "does not say when it ends")]
    [InlineData("""{"iss":"https://c","aud":"berth","exp":"1700003600"}""", "does not say when it ends")]
    [InlineData("[]", "no JWT")]
    [InlineData("""{"iss":"https://c","aud":["\ud800"],"exp":1700003600}""", "no JWT")]
    [InlineData("""{"\ud800\ud800\ud800":1,"iss":"https://c"}""", "no JWT")]
    public void Another_token_is_not_given_away(string claims, string reason)
    {
        var token = Token(claims);
        var refused = Assert.Throws<ClientException>(() => ServiceAccountToken.Parse(token, "berth", Now));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(token, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("registry.example.org:5443/a/b:1", "registry.example.org:5443")]
    [InlineData("localhost/a", "localhost")]
    [InlineData("library/alpine", null)]
    [InlineData("alpine", null)]
    [InlineData("me@evil.example/a", null)]
    public void The_registry_is_the_image_s_first_part(string image, string? registry)
    {
        var text = $$"""{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"{{image}}"}""";
        if (registry is null) Assert.Throws<ClientException>(() => CredentialRequest.Parse(text));
        else Assert.Equal(registry, CredentialRequest.Parse(text).Registry);
    }

    [Theory]
    [InlineData("""{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1beta1","image":"a.b/c"}""")]
    [InlineData("""{"kind":"\ud800"}""")]
    [InlineData("""{"kind":"Other","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"a.b/c"}""")]
    [InlineData("[1]")]
    [InlineData("secret, no JSON")]
    [InlineData("")]
    public void Another_request_is_refused_without_quoting_it(string text) =>
        Assert.DoesNotContain("secret", Assert.Throws<ClientException>(() => CredentialRequest.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Any_claims_are_a_token_that_ends_later_or_refused_without_quoting_it() => Gen.OneOf(
        Gen.String,
        Gen.Select(
            Gen.OneOf("iss", "aud", "exp", "sub"),
            Gen.OneOf("\"https://c\"", "\"berth\"", "[\"berth\"]", "[\"berth\",1,null]", "\"\\ud800\"", "[\"\\udfff\"]", "1700003600", "1e300", "-1", "99999999999999999999", "null", "{}", "[[]]", "true"))
            .Select((name, value) => $"\"{name}\":{value}").Array[0, 5].Select(claims => $"{{{string.Join(',', claims)}}}")).Sample(
        claims =>
        {
            // Half of a surrogate pair has no UTF-8, and is replaced.
            foreach (var text in (string[])[Token(claims), claims, $"e30.{claims}.c2ln"])
            {
                try
                {
                    Assert.True(ServiceAccountToken.Parse(text, "berth", Now).Until > Now);
                }
                catch (ClientException e)
                {
                    Assert.True(text.Length < 40 || !e.Message.Contains(text, StringComparison.Ordinal));
                }
            }
        },
        iter: 5_000);

    [Fact]
    public void Any_request_is_read_or_refused_without_quoting_it() => Gen.OneOf(
        Gen.String,
        Gen.Select(
            Gen.OneOf("kind", "apiVersion", "image", "serviceAccountToken", "serviceAccountAnnotations"),
            Gen.OneOf(
                "\"CredentialProviderRequest\"", "\"credentialprovider.kubelet.k8s.io/v1\"", "\"a.b/c\"", "\"\\ud800.b/c\"", "\"s3cret-s3cret\"", "{\"a\":\"b\"}", "{\"\\ud800\":\"b\"}",
                "{\"a\":\"\\udfff\"}", "{\"a\":1}", "1", "null", "[]"))
            .Select((name, value) => $"\"{name}\":{value}").Array[0, 5]
            .Select(fields => $"{{\"kind\":\"CredentialProviderRequest\",\"apiVersion\":\"credentialprovider.kubelet.k8s.io/v1\",\"image\":\"a.b/c\",{string.Join(',', fields)}}}")).Sample(
        text =>
        {
            try
            {
                Assert.NotEmpty(CredentialRequest.Parse(text).Registry);
            }
            catch (ClientException e)
            {
                Assert.DoesNotContain("s3cret", e.Message, StringComparison.Ordinal);
            }
        },
        iter: 5_000);

    private static string Token(string claims) => $"e30.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.c2ln";
}
