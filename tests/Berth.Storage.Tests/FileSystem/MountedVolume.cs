namespace Berth.Storage.Tests.FileSystem;

/// <summary>A small volume mounted for one test.</summary>
internal sealed class MountedVolume : IDisposable
{
    private MountedVolume(string path) => Path = path;

    public string Path { get; }

    /// <summary>Mounts one; where this user may not, the test is skipped, except in continuous integration, where it fails.</summary>
    public static async Task<MountedVolume> MountAsync(string type, string options, string device)
    {
        var path = Directory.CreateDirectory(System.IO.Path.Join(System.IO.Path.GetTempPath(), $"berth-mount-{Guid.CreateVersion7():N}")).FullName;
        var code = Environment.IsPrivilegedProcess ? await StoreFolder.RunAsync("mount", "-t", type, "-o", options, device, path) : -1;
        if (code == 0) return new MountedVolume(path);

        Directory.Delete(path);
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", $"Mounting a small {type} volume needs root.");
        throw new InvalidOperationException($"A {type} volume could not be mounted: mount ended with {code}.");
    }

    public string In(string name) => System.IO.Path.Join(Path, name);

    public void Dispose()
    {
        using var unmount = System.Diagnostics.Process.Start("umount", [Path]);
        unmount.WaitForExit();
        Directory.Delete(Path);
    }
}
