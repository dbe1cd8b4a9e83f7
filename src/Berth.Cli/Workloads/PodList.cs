using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Workloads;

/// <summary>Pods as <c>kubectl get pods -o json</c> prints them: a list, or one pod.</summary>
internal static class PodList
{
    private static readonly (string Containers, string Statuses)[] Kinds =
    [
        ("containers", "containerStatuses"), ("initContainers", "initContainerStatuses"), ("ephemeralContainers", "ephemeralContainerStatuses"),
    ];

    /// <summary>Adds what the pods' containers run, those that are over included: a restart pulls the same.</summary>
    /// <exception cref="ClientException">There are other things than pods.</exception>
    public static void AddTo(Listing listing, List<JsonElement> documents)
    {
        foreach (var document in documents)
        {
            if (document.Text("kind") == "Pod") AddPod(listing, document);
            else if (document.At("items") is { ValueKind: JsonValueKind.Array } items) AddPods(listing, items);
            else throw NoPods();
        }
    }

    private static void AddPods(Listing listing, JsonElement items)
    {
        foreach (var item in items.EnumerateArray())
        {
            // The entries of a list of pods need not say that they are; those of a mixed list do.
            if (item.Text("kind") is { } kind && kind != "Pod") throw NoPods();
            AddPod(listing, item);
        }
    }

    private static void AddPod(Listing listing, JsonElement pod)
    {
        foreach (var (containers, statuses) in Kinds)
        {
            var asked = pod.At("spec", containers).Items().ToList();
            var states = pod.At("status", statuses).Items().ToList();
            foreach (var container in asked)
                listing.Add(container.Text("image"), states.Where(state => state.Text("name") == container.Text("name")).Select(state => state.Text("imageID")));

            // A container that was changed since it was started stands as it runs in its status alone.
            foreach (var state in states) listing.Add(state.Text("image") is { } image && ImageText.Parse(image) is { Host.Length: > 0 } ? image : null, state.Text("imageID"));
        }
    }

    private static ClientException NoPods() => new($"what was read is no list of pods; give what {Listing.Program(ListingFormat.Kubectl)} prints.");
}
