using Berth.Storage.FileSystem.Operations;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.Tests.Faults;

/// <summary>File operations that say they made something durable and did not: a check that passes over them checks nothing.</summary>
internal sealed class CarelessFileOperations(IFileOperations inner) : DelegatingFileOperations(inner)
{
    public bool SkipsFiles { get; set; }

    public bool SkipsFolders { get; set; }

    public override void Sync(SafeFileHandle file)
    {
        if (!SkipsFiles) base.Sync(file);
    }

    public override void SyncDirectory(string path)
    {
        if (!SkipsFolders) base.SyncDirectory(path);
    }
}
