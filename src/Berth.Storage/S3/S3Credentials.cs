using Amazon.Runtime;

namespace Berth.Storage.S3;

/// <summary>
/// Where an access key comes from: the settings, else the environment (<c>AWS_ACCESS_KEY_ID</c>), a web identity (<c>AWS_WEB_IDENTITY_TOKEN_FILE</c>, as in EKS), the container's agent
/// (<c>AWS_CONTAINER_CREDENTIALS_*</c>, as in ECS and with EKS Pod Identity), or the machine's role. No profile files: a server's credentials are not a person's.
/// </summary>
internal static class S3Credentials
{
    public static AWSCredentials Find(S3Options options, TimeProvider time)
    {
        if (options.AccessKey is { } key) return new BasicAWSCredentials(key, options.SecretKey);
        if (Variable("AWS_ACCESS_KEY_ID") is not null) return new EnvironmentVariablesAWSCredentials();
        if (Variable("AWS_WEB_IDENTITY_TOKEN_FILE") is { } file && Variable("AWS_ROLE_ARN") is { } role)
            return new WebIdentityCredentials(file, role, Variable("AWS_ROLE_SESSION_NAME") ?? "berth", Sts(options), time);
        if (Variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") is not null || Variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") is not null)
            return new GenericContainerCredentials();
        return new MachineCredentials();
    }

    // The SDKs' variable for a service's address; else that of the region.
    private static Uri Sts(S3Options options) =>
        new(Variable("AWS_ENDPOINT_URL_STS") ?? $"https://sts.{Variable("AWS_REGION") ?? options.Region}.amazonaws.com");

    /// <summary>The role of the machine, which is asked for with the first request and not before.</summary>
    private sealed class MachineCredentials : AWSCredentials
    {
        private readonly Lazy<InstanceProfileAWSCredentials> _role = new(() => new InstanceProfileAWSCredentials(), LazyThreadSafetyMode.PublicationOnly);

        public override ImmutableCredentials GetCredentials() => _role.Value.GetCredentials();

        public override Task<ImmutableCredentials> GetCredentialsAsync() => Task.Run(() => _role.Value.GetCredentialsAsync());
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
