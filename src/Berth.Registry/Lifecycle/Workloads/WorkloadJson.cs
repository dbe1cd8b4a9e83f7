using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Lifecycle.Workloads;

/// <summary>Writes workloads.</summary>
internal static class WorkloadJson
{
    /// <summary>Writes a workload's properties.</summary>
    public static void Write(Utf8JsonWriter json, WorkloadRecord workload, DateTimeOffset now)
    {
        json.WriteString("name"u8, workload.Name);
        json.WriteString("state"u8, workload.ExpiresAt > now ? "live" : "expired");
        json.WriteString("cluster"u8, workload.Cluster);
        json.WriteString("namespace"u8, workload.Namespace);
        json.WriteString("owner"u8, workload.Owner);
        json.WriteNumber("digestCount"u8, workload.Digests);
        json.WriteString("reportedAt"u8, workload.ReportedAt);
        json.WriteString("reportedBy"u8, workload.ReportedBy);
        json.WriteString("expiresAt"u8, workload.ExpiresAt);
    }

    /// <summary>Writes a workload's properties and what it uses.</summary>
    public static void Write(Utf8JsonWriter json, WorkloadDetails found, DateTimeOffset now)
    {
        Write(json, found.Workload, now);
        json.WriteStartArray("images"u8);
        foreach (var image in found.Images)
        {
            json.WriteStartObject();
            json.WriteString("repository"u8, image.Repository?.Value);
            json.WriteString("digest"u8, image.Digest.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
