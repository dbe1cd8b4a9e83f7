using Berth.Oci;
using Berth.Server.Backups;
using Berth.Server.Configuration;
using Berth.Server.Tests.Hosting;

namespace Berth.Server.Tests.Backups;

/// <summary>For how long a restored folder keeps what is due to be deleted: a restore does not know the settings that it will be served with.</summary>
public sealed class RestoredGraceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Deletion_pauses_for_the_grace_of_the_server_that_serves_it_first()
    {
        var (backup, restored) = (Path.Combine(_folder.Path, "backup"), Path.Combine(_folder.Path, "restored"));
        await ServedFolder.MakeAsync(_folder.Data, "first", "blob");
        await new Backup(ServedFolder.Options(_folder.Data), backup, NoSteps.Instance).RunAsync(Token);
        await new Restore(ServedFolder.Options(restored), backup, NoSteps.Instance).RunAsync(Token);

        var grace = TimeSpan.FromHours(48);
        Assert.True(grace > new ServerOptions().Registry.Lifecycle.Grace);
        await using (var served = await ServedFolder.OpenAsync(restored, grace)) Assert.Equal(served.Now + grace, await served.SuspendedUntilAsync());
    }
}
