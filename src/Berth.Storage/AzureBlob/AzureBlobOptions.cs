namespace Berth.Storage.AzureBlob;

/// <summary>Settings of an Azure Blob container.</summary>
public sealed record AzureBlobOptions
{
    /// <summary>The container; it exists already.</summary>
    public required string Container { get; init; }

    /// <summary>The account's blob service: <c>https://&lt;account&gt;.blob.core.windows.net</c>.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>What all names begin with: a folder of the container that this installation has for itself; empty or ending in <c>/</c>. Default none.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The storage account's name, where its key is used; null for the endpoint's first label.</summary>
    public string? Account { get; init; }

    /// <summary>The storage account's key; null for an identity from where the server runs.</summary>
    public string? AccountKey { get; init; }

    /// <summary>The client id of the identity to use, where there are several; null for <c>AZURE_CLIENT_ID</c>, or the only one.</summary>
    public string? ClientId { get; init; }
}
