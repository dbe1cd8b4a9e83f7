using System.Diagnostics;
using Berth.Testing;

namespace Berth.EndToEnd.Faults.Crash;

/// <summary>A large upload in chunks that goes on over the deaths of the server, or of one node at another; no acknowledged chunk is ever asked for again.</summary>
internal sealed class ResumedUpload(RegistryClient client, string repository, int seed, Refusals? refusals = null)
{
    private const int Chunk = 150_000;
    private byte[] _bytes = Content.Seeded(seed, 8_000_000);
    private string? _location;
    private int _acknowledged;
    private bool _isInDoubt;

    /// <summary>How many uploads were finished.</summary>
    public int Finished { get; private set; }

    /// <summary>How often one went on after a failure.</summary>
    public int Resumed { get; private set; }

    /// <summary>Sends chunk after chunk until the token fires.</summary>
    public async Task RunAsync(CancellationToken killed)
    {
        while (!killed.IsCancellationRequested)
        {
            try
            {
                await StepAsync();
            }
            catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException && killed.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (refusals?.Bears(e) == true)
            {
                _isInDoubt = true;
                await Refusals.RestAsync();
            }
        }
    }

    /// <summary>After a restart: the session knows at least what it acknowledged, and goes on from where it says it is.</summary>
    public async Task CheckAsync()
    {
        if (_location is null) return;
        var status = await client.GetAsync(_location);
        if (status.Status == 404 && _acknowledged == _bytes.Length)
        {
            // The PUT that ends the session was under way; whether it was done shows in the blob.
            (await client.HeadAsync($"/v2/{repository}/blobs/{Content.Digest(_bytes)}")).Expect(200);
            Next();
            return;
        }

        var end = int.Parse(status.Expect(204).Header("Range")!.AsSpan(2), System.Globalization.CultureInfo.InvariantCulture);
        var offset = end == 0 && _acknowledged == 0 ? 0 : end + 1;
        Assert.True(offset >= _acknowledged, $"{_acknowledged} bytes were acknowledged\n{status}");
        _acknowledged = offset;
        _location = status.Location;
    }

    /// <summary>Sends what is left; the blob must be whole. A writer that was lost may hold the session for a while.</summary>
    public async Task CompleteAsync()
    {
        var finished = Finished;
        for (var clock = Stopwatch.StartNew(); Finished == finished;)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), "The upload does not come to its end.");
            await StepAsync();
        }
    }

    private async Task StepAsync()
    {
        if (_isInDoubt)
        {
            await CheckAsync();
            _isInDoubt = false;
            Resumed++;
        }

        _location ??= await client.StartUploadAsync(repository);
        if (_acknowledged == _bytes.Length)
        {
            await FinishAsync();
            return;
        }

        var chunk = _bytes[_acknowledged..Math.Min(_bytes.Length, _acknowledged + Chunk)];
        var reply = await client.PatchChunkAsync(_location, chunk, _acknowledged);
        if (refusals is not null && reply.Status is 409 or 416)
        {
            // The node that had the upload still may, for all that others know; or it did more than it could say.
            _isInDoubt = true;
            await Refusals.RestAsync();
            return;
        }

        _location = reply.Expect(202).Location;
        _acknowledged += chunk.Length;
    }

    private async Task FinishAsync()
    {
        var digest = Content.Digest(_bytes);
        var reply = await client.PutAsync(RegistryActions.With(_location!, $"digest={digest}"), []);
        if (refusals is not null && reply.Status == 409)
        {
            _isInDoubt = true;
            await Refusals.RestAsync();
            return;
        }

        reply.Expect(201);
        (await client.GetAsync($"/v2/{repository}/blobs/{digest}")).Expect(200).ExpectBody(_bytes);
        Next();
    }

    private void Next()
    {
        _bytes = Content.Seeded(_bytes[0] + (_bytes[1] << 8) + (_bytes[2] << 16), 8_000_000);
        _location = null;
        _acknowledged = 0;
        Finished++;
    }
}
