using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Amazon.Runtime;

namespace Berth.Storage.S3;

/// <summary>
/// Keys for an hour at most, which AWS's token service gives for a token that the platform signed and renews in a file
/// (<c>AssumeRoleWithWebIdentity</c>, AWS STS API 2011-06-15; "IAM roles for service accounts").
/// </summary>
internal sealed class WebIdentityCredentials : RefreshingAWSCredentials
{
    private static readonly XNamespace Namespace = "https://sts.amazonaws.com/doc/2011-06-15/";
    private static readonly HttpClient Http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) }) { Timeout = TimeSpan.FromSeconds(20) };

    private readonly string _tokenFile;
    private readonly string _role;
    private readonly string _session;
    private readonly Uri _service;
    private readonly TimeProvider _time;

    public WebIdentityCredentials(string tokenFile, string role, string session, Uri service, TimeProvider time)
    {
        (_tokenFile, _role, _session, _service, _time) = (tokenFile, role, session, service, time);
        PreemptExpiryTime = TimeSpan.FromMinutes(5);
    }

    protected override CredentialsRefreshState GenerateNewCredentials() => GenerateNewCredentialsAsync().GetAwaiter().GetResult();

    protected override async Task<CredentialsRefreshState> GenerateNewCredentialsAsync()
    {
        try
        {
            using var form = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["Action"] = "AssumeRoleWithWebIdentity",
                ["Version"] = "2011-06-15",
                ["RoleArn"] = _role,
                ["RoleSessionName"] = _session,
                ["WebIdentityToken"] = (await ReadTokenAsync()).Trim(),
            });
            using var response = await Http.PostAsync(_service, form);
            if (!response.IsSuccessStatusCode)
                throw new AmazonClientException($"The token service {_service.Host} refused the web identity for {_role} with status {(int)response.StatusCode}.");
            return Parse(await response.Content.ReadAsStringAsync());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or HttpRequestException or OperationCanceledException or XmlException or FormatException)
        {
            throw new AmazonClientException($"No credentials for the web identity of {_role} from {_service.Host}: {e.Message}", e);
        }
    }

    private async Task<string> ReadTokenAsync()
    {
        using var reader = new StreamReader(_tokenFile);
        return await reader.ReadToEndAsync();
    }

    private CredentialsRefreshState Parse(string answer)
    {
        var credentials = XDocument.Parse(answer).Descendants(Namespace + "Credentials").FirstOrDefault() ?? throw new FormatException("the answer has no credentials");
        string Value(string name) => credentials.Element(Namespace + name)?.Value ?? throw new FormatException($"the answer has no {name}");
        var expires = DateTimeOffset.Parse(Value("Expiration"), CultureInfo.InvariantCulture);
        var latest = _time.GetUtcNow().AddHours(1);
        return new CredentialsRefreshState(
            new ImmutableCredentials(Value("AccessKeyId"), Value("SecretAccessKey"), Value("SessionToken")), (expires < latest ? expires : latest).UtcDateTime);
    }
}
