namespace Berth.Metadata;

/// <summary>One registry of the installation.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Name">Its name, the first label of its host name.</param>
/// <param name="Epoch">The registry's security epoch: grows with every change that may take rights away.</param>
public sealed record RegistryRecord(long Id, string Name, long Epoch);
