using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Lifecycle.Garbage;

/// <summary>Writes what garbage collection does.</summary>
internal static class GarbageJson
{
    /// <summary>Writes a time, or null.</summary>
    public static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known) json.WriteString(name, known);
        else json.WriteNull(name);
    }

    /// <summary>Writes how much is due; a count that is the most that is counted may be more.</summary>
    public static void Write(Utf8JsonWriter json, GarbageQueues queues, int most)
    {
        json.WriteStartObject("due"u8);
        json.WriteNumber("memberships"u8, queues.Memberships);
        json.WriteNumber("blobs"u8, queues.Blobs);
        json.WriteNumber("locations"u8, queues.Locations);
        json.WriteNumber("uploads"u8, queues.Uploads);
        json.WriteNumber("referrers"u8, queues.Referrers);
        json.WriteBoolean("isCut"u8, ((int[])[queues.Memberships, queues.Blobs, queues.Locations, queues.Uploads, queues.Referrers]).Max() >= most);
        json.WriteEndObject();
    }

    /// <summary>Writes a round, or null.</summary>
    public static void Write(Utf8JsonWriter json, string name, GarbageRound? round)
    {
        if (round is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteString("startedAt"u8, round.StartedAt);
        WriteTime(json, "endedAt", round.EndedAt);
        json.WriteBoolean("isWhole"u8, round.IsWhole);
        json.WriteNumber("reviewed"u8, round.Reviewed);
        json.WriteNumber("blobsDiscarded"u8, round.BlobsDiscarded);
        json.WriteNumber("bytesDiscarded"u8, round.BytesDiscarded);
        json.WriteNumber("locationsRemoved"u8, round.LocationsRemoved);
        json.WriteNumber("uploadsExpired"u8, round.UploadsExpired);
        json.WriteEndObject();
    }

    /// <summary>Writes something that is due, with what becomes of it and why.</summary>
    public static void Write(Utf8JsonWriter json, GarbageEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("kind"u8, KindOf(entry.Kind));
        json.WriteBoolean("taken"u8, entry.Verdict == GarbageVerdict.Taken);
        json.WriteString("reason"u8, ReasonOf(entry));
        json.WriteString("dueSince"u8, entry.DueSince);
        json.WriteString("registry"u8, entry.Registry);
        json.WriteString("repository"u8, entry.Repository);
        json.WriteString("digest"u8, entry.Digest.IsDefault ? null : entry.Digest.ToString());
        if (entry.Size is { } size) json.WriteNumber("size"u8, size);
        else json.WriteNull("size"u8);
        WriteTime(json, "leaseUntil", entry.LeaseUntil);
        json.WriteString("location"u8, entry.Location);
        json.WriteEndObject();
    }

    private static string KindOf(GarbageKind kind) => kind switch
    {
        GarbageKind.Membership => "membership",
        GarbageKind.Blob => "blob",
        GarbageKind.Location => "location",
        _ => "referrer",
    };

    private static string ReasonOf(GarbageEntry entry) => (entry.Kind, entry.Verdict) switch
    {
        (GarbageKind.Membership, GarbageVerdict.Taken) => "no manifest of the repository, deleted ones that can be restored included, names it, and its lease is over",
        (GarbageKind.Referrer, GarbageVerdict.Taken) => "what it refers to did not come to the repository in time (Lifecycle:ReferrerExpiry), and nothing keeps it",
        (GarbageKind.Referrer, _) => $"{KeeperOf(entry.Keeper)}: it is looked at again later",
        (_, GarbageVerdict.Named) => "a manifest of the repository names it: it leaves the queue",
        (_, GarbageVerdict.Leased) => "its lease was extended: it is looked at again when that is over",
        (_, GarbageVerdict.Busy) => "an upload to the repository makes progress: it is looked at again later",
        (_, GarbageVerdict.Held) => "a repository holds it again: it leaves the queue",
        (GarbageKind.Blob, _) => "no repository has held it since the last one let go",
        _ => "its bytes were discarded, and no row names them any more",
    };

    private static string KeeperOf(LifecycleReason keeper) => keeper switch
    {
        LifecycleReason.Tagged => "a tag names it",
        LifecycleReason.Locked => "it or its repository is locked",
        LifecycleReason.YoungerThanGrace => "it was pushed again within the grace",
        LifecycleReason.ReferrerOfKept => "what it refers to is there",
        LifecycleReason.ListedByKeptIndex => "an index lists it",
        LifecycleReason.InUse => "a running workload reports it",
        LifecycleReason.ResourceLocked => "a lock of the registry, its resource group or the subscription forbids deletion",
        LifecycleReason.Quarantined => "it or its repository is quarantined",
        _ => "something keeps it",
    };
}
