namespace Berth.Server.Configuration;

/// <summary>What the settings of the blob store must satisfy together.</summary>
internal static class StorageValidation
{
    /// <summary>What is wrong, a sentence each.</summary>
    public static IEnumerable<string> Validate(StorageOptions storage) => storage.Kind switch
    {
        StorageKind.S3 => Validate(storage.S3),
        StorageKind.AzureBlob => Validate(storage.AzureBlob),
        _ => [],
    };

    private static IEnumerable<string> Validate(S3StorageOptions s3)
    {
        if (!IsBucket(s3.Bucket))
            yield return $"Storage:S3:Bucket is '{s3.Bucket}'; allowed with Storage:Kind S3 is a bucket's name: 3 to 63 letters, digits, dots, hyphens and underscores.";
        if ((s3.AccessKey is null) != (s3.SecretKey is null))
            yield return "Storage:S3:AccessKey and Storage:S3:SecretKey are not both set; allowed are both, or neither for credentials from the environment or the machine.";
        if (!IsAddress(s3.Endpoint))
            yield return $"Storage:S3:Endpoint is '{Shown(s3.Endpoint)}'; allowed is an address without a path, a query or credentials.";
        if (!IsAddress(s3.LinkEndpoint))
            yield return $"Storage:S3:LinkEndpoint is '{Shown(s3.LinkEndpoint)}'; allowed is an address without a path, a query or credentials.";
        if (!IsPrefix(s3.Prefix))
            yield return $"Storage:S3:Prefix is '{s3.Prefix}'; {AllowedPrefix}";
    }

    private static IEnumerable<string> Validate(AzureBlobStorageOptions azure)
    {
        if (!IsBucket(azure.Container))
            yield return $"Storage:AzureBlob:Container is '{azure.Container}'; allowed with Storage:Kind AzureBlob is a container's name: 3 to 63 lower-case letters, digits and hyphens.";
        if (azure.Endpoint is null || azure.Endpoint.Query.Length > 0 || azure.Endpoint.UserInfo.Length > 0)
            yield return $"Storage:AzureBlob:Endpoint is '{Shown(azure.Endpoint)}'; allowed with Storage:Kind AzureBlob is the account's blob service, such as https://myaccount.blob.core.windows.net.";
        else if (azure.AccountKey is null && azure.Endpoint.Scheme != Uri.UriSchemeHttps)
            yield return $"Storage:AzureBlob:Endpoint is '{Shown(azure.Endpoint)}' without Storage:AzureBlob:AccountKey; allowed is https, because a token would go over it in plain text.";
        if (azure.AccountKey is { } key && !Convert.TryFromBase64String(key, new byte[key.Length], out _))
            yield return "Storage:AzureBlob:AccountKey is not Base64; allowed is one of the storage account's keys.";
        if (!IsPrefix(azure.Prefix))
            yield return $"Storage:AzureBlob:Prefix is '{azure.Prefix}'; {AllowedPrefix}";
    }

    private const string AllowedPrefix = "allowed are up to 200 letters, digits, dots, hyphens, underscores and single slashes, with a slash at the end and none at the beginning.";

    private static bool IsBucket(string? name) =>
        name is { Length: >= 3 and <= 63 } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') && char.IsAsciiLetterOrDigit(name[0]);

    private static bool IsAddress(Uri? address) => address is null || (address.PathAndQuery == "/" && address.UserInfo.Length == 0 && address.Fragment.Length == 0);

    private static bool IsPrefix(string? prefix) => prefix is null
        || (prefix.Length <= 200 && prefix[^1] == '/'
            && prefix[..^1].Split('/').All(part => part.Length > 0 && part is not ("." or "..") && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')));

    // What stands before an @, or in a query, may be a secret.
    private static string Shown(Uri? address) => address is null ? "" : $"{address.Scheme}://{address.Authority}{address.AbsolutePath}";
}
