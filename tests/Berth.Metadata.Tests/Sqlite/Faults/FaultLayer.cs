using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Berth.Metadata.Tests.Sqlite.Faults;

/// <summary>
/// A SQLite file layer (VFS) over the system's own: each file opened through it has its reads, writes, truncations and syncs shown to the
/// <see cref="FaultyVolume"/> of its folder, which may fail them or only remember them.
/// </summary>
internal static unsafe partial class FaultLayer
{
    public const string Name = "berth-faults";

    private const int IoErrorRead = 10 | (1 << 8);
    private const int IoErrorFsync = 10 | (4 << 8);

    private static readonly ConcurrentDictionary<string, FaultyVolume> Volumes = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<nint, OpenFile> Files = new();
    private static readonly Vfs* Real = Register();

    /// <summary>Puts a folder under a volume's rule, until it is removed.</summary>
    public static void Mount(string folder, FaultyVolume volume)
    {
        if (Real is null) throw new InvalidOperationException("The file layer could not be registered.");
        Volumes[folder] = volume;
    }

    public static void Unmount(string folder) => Volumes.TryRemove(folder, out _);

    private static Vfs* Register()
    {
        SQLitePCL.Batteries_V2.Init();
        _ = SQLitePCL.raw.sqlite3_initialize();
        var real = Find(null);
        var layer = (Vfs*)NativeMemory.AllocZeroed((nuint)sizeof(Vfs));
        *layer = *real;
        layer->Next = null;
        layer->Name = (byte*)Marshal.StringToCoTaskMemUTF8(Name);
        layer->Open = &Open;
        layer->Delete = &Delete;
        return RegisterVfs(layer, 0) == 0 ? real : null;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(Vfs* layer, byte* name, File* file, int flags, int* outFlags)
    {
        var result = Real->Open(Real, name, file, flags, outFlags);
        if (result != 0 || file->Methods is null) return result;

        var path = Marshal.PtrToStringUTF8((nint)name);
        if (path is null || !Volumes.TryGetValue(Path.GetDirectoryName(path)!, out var volume)) return result;

        var real = file->Methods;
        var methods = (IoMethods*)NativeMemory.Alloc((nuint)sizeof(IoMethods));
        *methods = *real;
        methods->Close = &Close;
        methods->Read = &Read;
        methods->Write = &Write;
        methods->Truncate = &Truncate;
        methods->Sync = &Sync;
        Files[(nint)file] = new OpenFile((nint)real, (nint)methods, Path.GetFileName(path), volume);
        file->Methods = methods;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Delete(Vfs* layer, byte* name, int syncDirectory)
    {
        var result = Real->Delete(Real, name, syncDirectory);
        var path = Marshal.PtrToStringUTF8((nint)name)!;
        if (result == 0 && Volumes.TryGetValue(Path.GetDirectoryName(path)!, out var volume)) volume.Deleted(Path.GetFileName(path));
        return result;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Close(File* file)
    {
        if (!Files.TryRemove((nint)file, out var open)) return IoErrorFsync;
        file->Methods = (IoMethods*)open.Real;
        var result = file->Methods->Close(file);
        NativeMemory.Free((void*)open.Methods);
        return result;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(File* file, void* bytes, int count, long offset)
    {
        var open = Files[(nint)file];
        return open.Volume.IsReadable ? ((IoMethods*)open.Real)->Read(file, bytes, count, offset) : IoErrorRead;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(File* file, void* bytes, int count, long offset)
    {
        var open = Files[(nint)file];
        var verdict = open.Volume.Writing(open.Name, new ReadOnlySpan<byte>(bytes, count), offset);
        return verdict != 0 ? verdict : ((IoMethods*)open.Real)->Write(file, bytes, count, offset);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Truncate(File* file, long size)
    {
        var open = Files[(nint)file];
        open.Volume.Truncating(open.Name, size);
        return ((IoMethods*)open.Real)->Truncate(file, size);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sync(File* file, int flags)
    {
        var open = Files[(nint)file];
        if (!open.Volume.Syncing(open.Name)) return IoErrorFsync;

        // Nothing here outlives the process, so the system's own sync would only cost time.
        open.Volume.Synced(open.Name);
        return 0;
    }

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_vfs_find")]
    private static partial Vfs* Find(byte* name);

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_vfs_register")]
    private static partial int RegisterVfs(Vfs* vfs, int makeDefault);

    private sealed record OpenFile(nint Real, nint Methods, string Name, FaultyVolume Volume);

    // The engine's structures, as sqlite3.h lays them out; members that are only copied stand as plain pointers.
    [StructLayout(LayoutKind.Sequential)]
    private struct Vfs
    {
        public int Version;
        public int FileSize;
        public int MaxPath;
        public Vfs* Next;
        public byte* Name;
        public void* AppData;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, File*, int, int*, int> Open;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, int, int> Delete;
        public nint Access;
        public nint FullPathname;
        public nint DlOpen;
        public nint DlError;
        public nint DlSym;
        public nint DlClose;
        public nint Randomness;
        public nint Sleep;
        public nint CurrentTime;
        public nint GetLastError;
        public nint CurrentTimeInt64;
        public nint SetSystemCall;
        public nint GetSystemCall;
        public nint NextSystemCall;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct File
    {
        public IoMethods* Methods;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct IoMethods
    {
        public int Version;
        public delegate* unmanaged[Cdecl]<File*, int> Close;
        public delegate* unmanaged[Cdecl]<File*, void*, int, long, int> Read;
        public delegate* unmanaged[Cdecl]<File*, void*, int, long, int> Write;
        public delegate* unmanaged[Cdecl]<File*, long, int> Truncate;
        public delegate* unmanaged[Cdecl]<File*, int, int> Sync;
        public nint FileSize;
        public nint Lock;
        public nint Unlock;
        public nint CheckReservedLock;
        public nint FileControl;
        public nint SectorSize;
        public nint DeviceCharacteristics;
        public nint ShmMap;
        public nint ShmLock;
        public nint ShmBarrier;
        public nint ShmUnmap;
        public nint Fetch;
        public nint Unfetch;
    }
}
