using Berth.Registry.Throttling;
using Berth.Server.Configuration;
using Berth.Server.Memory;

namespace Berth.Server.Hosting;

/// <summary>How much is worked on at once where the settings leave it to the machine.</summary>
internal static class AdmissionDefaults
{
    private const int WaitsPerProcessor = 64;

    /// <summary>The settings with a number in place of each 0.</summary>
    public static AdmissionOptions Of(ServerOptions options)
    {
        var given = options.Registry.Admission;
        var isLocal = options.Storage.Kind == StorageKind.FileSystem && options.Metadata.Kind == MetadataKind.Sqlite;
        return given with
        {
            Reads = given.Reads > 0 ? given.Reads : Environment.ProcessorCount * (isLocal ? 1 : WaitsPerProcessor),
            Uploads = given.Uploads > 0 ? given.Uploads : MemoryBudget.Uploads(options.Memory.BlockSize),
        };
    }
}
