using System.Runtime.CompilerServices;
using System.Text.Json;
using Berth.Cli.Acr;
using Berth.Cli.Session;
using Berth.Oci;
using Berth.Oci.Client;

namespace Berth.Cli.Evidence;

/// <summary>Reads what a registry is and holds, page by page and some repositories at once, in the order of their names.</summary>
internal sealed class EvidenceReader(ApiSession session, RegistryClient client, EvidenceQuestion question, TimeProvider time)
{
    private const int AtOnce = 4;
    private const int AnswersVersion = 1;

    private readonly DateTimeOffset _takenAt = time.GetUtcNow();

    /// <summary>What evidence begins with: when and by whom it was taken, and the registry with its settings, locks and usage.</summary>
    public async Task<JsonElement> ReadHeadAsync(CancellationToken cancellationToken)
    {
        var server = await session.AboutAsync(cancellationToken);
        var registry = await RegistryResource.FindAsync(session, question.Registry, null, cancellationToken);
        var shown = await registry.SendForResourceAsync(HttpMethod.Get, "", null, cancellationToken);
        var locks = await registry.LocksAsync(cancellationToken);
        var usage = await registry.SendAsync(HttpMethod.Get, "/listUsages", null, cancellationToken);
        return Json.Make(json =>
        {
            json.WriteString("kind"u8, "ReleaseEvidence"u8);
            json.WriteNumber("formatVersion"u8, AnswersVersion);
            json.WriteString("takenAt"u8, _takenAt);
            json.WriteString("takenBy"u8, session.State.UserName);
            json.WriteString("clientVersion"u8, ClientVersion.Text);
            json.WriteString("server"u8, session.State.Endpoint);
            json.WriteString("serverVersion"u8, server.Text("version"));
            json.WriteStartObject("question"u8);
            json.WriteString("registry"u8, question.Registry);
            json.WriteString("repository"u8, question.Repository?.ToString());
            json.WriteString("image"u8, question.Image?.ToString());
            json.WriteBoolean("access"u8, question.WithAccess);
            json.WriteEndObject();
            json.WritePropertyName("registry"u8);
            shown.WriteTo(json);
            json.WritePropertyName("locks"u8);
            Json.Array(locks.Select(one => one.Flat())).WriteTo(json);
            json.WritePropertyName("usage"u8);
            Json.Array(usage.At("value").Items()).WriteTo(json);
        });
    }

    /// <summary>Each repository with its manifests, tags and rights.</summary>
    public async IAsyncEnumerable<JsonElement> ReadRepositoriesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new Queue<Task<JsonElement>>();
        try
        {
            await foreach (var name in NamesAsync(cancellationToken))
            {
                running.Enqueue(new RepositoryEvidence(session, client, question, name, _takenAt).ReadAsync(stop.Token));
                if (running.Count == AtOnce) yield return await running.Dequeue();
            }

            while (running.TryDequeue(out var next)) yield return await next;
        }
        finally
        {
            // When one fails, what the others still answer is not wanted.
            await stop.CancelAsync();
            await Task.WhenAll(running).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async IAsyncEnumerable<RepositoryName> NamesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (question.Repository is { } one)
        {
            yield return one;
            yield break;
        }

        await foreach (var name in client.ListRepositoriesAsync(null, cancellationToken))
        {
            if (RepositoryName.TryParse(name, out var repository)) yield return repository;
        }
    }
}
