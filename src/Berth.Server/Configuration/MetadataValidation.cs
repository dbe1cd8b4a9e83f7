namespace Berth.Server.Configuration;

/// <summary>What the settings of the metadata store must satisfy together.</summary>
internal static class MetadataValidation
{
    /// <summary>What is wrong, a sentence each.</summary>
    public static IEnumerable<string> Validate(MetadataOptions metadata)
    {
        var given = (metadata.ConnectionString is null ? 0 : 1) + (metadata.ConnectionStringFile is null ? 0 : 1);
        if (metadata.Kind == MetadataKind.Postgres && given != 1)
        {
            yield return $"Metadata:ConnectionString and Metadata:ConnectionStringFile are {(given == 0 ? "not set" : "both set")}; required with Metadata:Kind Postgres is one of them: "
                + "Host=…;Database=…;Username=…;Password=….";
        }

        if (metadata.Kind == MetadataKind.Sqlite && given > 0)
            yield return "Metadata:ConnectionString or Metadata:ConnectionStringFile is set with Metadata:Kind Sqlite, which has none; set Metadata:Kind to Postgres, or remove it.";
    }
}
