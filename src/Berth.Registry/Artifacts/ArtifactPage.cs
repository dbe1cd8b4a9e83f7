using System.Globalization;
using Berth.Metadata;
using Berth.Oci;
using Berth.Oci.Http;

namespace Berth.Registry.Artifacts;

/// <summary>
/// Which page of a list is asked for. A list by time goes on after an entry's time and name: the <c>Link</c> carries both, so that it leads on wherever the
/// entry is by then.
/// </summary>
/// <param name="Count">The most entries.</param>
/// <param name="Last">The name of the entry to go on after; null for the start.</param>
/// <param name="Order">The order.</param>
/// <param name="LastTime">The entry's time, in milliseconds since 1970, as a <c>Link</c> carried it; null where the client named the entry alone.</param>
internal sealed record ArtifactPage(int Count, string? Last, ListOrder Order, long? LastTime)
{
    /// <summary>The query parameter that says where among entries of one name, or of one time, a page ended.</summary>
    public const string LastTimeParameter = "lasttime";

    private const int DefaultEntries = 100;
    private const int MostEntries = 1_000;

    /// <summary>Whether the list is by time.</summary>
    public bool IsByTime => Order != ListOrder.Name;

    /// <summary>Reads <c>n</c>, <c>last</c> and <c>orderby</c>.</summary>
    /// <exception cref="OciException">400: one of them is none.</exception>
    public static ArtifactPage Read(ArtifactRequest request)
    {
        var order = request.Query("orderby") switch
        {
            null or "none" => ListOrder.Name,
            "timeasc" => ListOrder.OldestFirst,
            "timedesc" => ListOrder.NewestFirst,
            _ => throw new OciException(OciErrorCode.BadRequest, "orderby must be none, timeasc or timedesc."),
        };
        var last = request.Query("last");
        return new ArtifactPage(ReadCount(request), last, order, order == ListOrder.Name || last is null ? null : ReadTime(request));
    }

    /// <summary>
    /// The key that a list by time goes on after; null for the start. For an entry that was named without its time, the time that it has now, or had when it was
    /// deleted.
    /// </summary>
    /// <exception cref="OciException">400: there was no such entry, so nobody knows where to go on.</exception>
    public async ValueTask<TimeKey?> FindKeyAsync(ArtifactRequest request, IArtifacts artifacts, Func<string, Reference?> parse)
    {
        if (Last is null) return null;
        var entry = parse(Last) ?? throw NoEntry();
        if (LastTime is { } time) return new TimeKey(time, Last);
        return await artifacts.FindTimeKeyAsync(request.Registry, request.Repository, entry, request.Aborted) ?? throw NoEntry();
    }

    /// <summary>The manifest that a list by digest goes on after; default for the start.</summary>
    /// <exception cref="OciException">400: <c>last</c> is no digest.</exception>
    public Digest LastDigest()
    {
        if (Last is null) return default;
        return Digest.TryParse(Last, out var digest) ? digest : throw new OciException(OciErrorCode.DigestInvalid, "last must be the digest of a manifest.");
    }

    /// <summary>
    /// Whether a client that names the last entry itself has come to the end. A <c>Link</c> led nobody there who follows it: it names the order, also where that is none, and a page at its end whose
    /// entries are all left out is an empty list to those who do.
    /// </summary>
    public bool IsEnd<T>(ArtifactRequest request, Page<T> page) => Last is not null && !page.More && !request.Http.Request.Query.ContainsKey("orderby");

    /// <summary>Leads to the next page, where there is one.</summary>
    public void SetLink<T>(ArtifactRequest request, string path, Page<T> page)
    {
        if (!page.More || page.Last is null) return;
        var key = IsByTime ? TimeKey.Parse(page.Last) : new TimeKey(0, page.Last);
        List<(string Name, string Value)> query =
            [("last", key.Name), ("n", Count.ToString(CultureInfo.InvariantCulture)), ("orderby", request.Query("orderby") ?? "")];
        if (IsByTime) query.Add((LastTimeParameter, key.Time.ToString(CultureInfo.InvariantCulture)));
        if (request.Query("digest") is { } digest) query.Add(("digest", digest));
        request.Http.Response.Headers.Link = LinkHeader.FormatNext(path, [.. query]);
    }

    private static int ReadCount(ArtifactRequest request)
    {
        if (request.Query("n") is not { } text) return DefaultEntries;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? Math.Min(count, MostEntries)
            : throw new OciException(OciErrorCode.PaginationNumberInvalid, "n must be a whole number from 1 to 2147483647.");
    }

    /// <summary>Where a <c>Link</c> said that the page before ended; null where none did.</summary>
    /// <exception cref="OciException">400: it is no number.</exception>
    public static long? ReadTime(ArtifactRequest request)
    {
        if (request.Query(LastTimeParameter) is not { } text) return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            ? time
            : throw new OciException(OciErrorCode.PaginationNumberInvalid, $"{LastTimeParameter} is not one that a Link header of this list gave.");
    }

    private OciException NoEntry() => new(
        OciErrorCode.PaginationNumberInvalid,
        "last names no entry of this list, now or as far as deletions are remembered, so that nobody knows where to go on in it; follow the Link header as it stands.",
        detail: ClientText.Shorten(Last!, 300));
}

/// <summary>The orders of a list.</summary>
internal enum ListOrder
{
    /// <summary>By tag or digest, as bytes.</summary>
    Name,

    /// <summary>By the time of the last update, the oldest first.</summary>
    OldestFirst,

    /// <summary>By the time of the last update, the newest first.</summary>
    NewestFirst,
}
