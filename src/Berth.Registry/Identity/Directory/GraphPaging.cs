using System.Globalization;
using System.Text;
using Berth.Metadata;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.WebUtilities;

namespace Berth.Registry.Identity.Directory;

/// <summary>Lists in pages: <c>$top</c> entries, and a link with a <c>$skiptoken</c> to those that follow.</summary>
internal static class GraphPaging
{
    private const int UsualPage = 100;
    private const int LargestPage = 999;
    private const int RowsAtOnce = 250;

    // What a filter passes over in one request; the rest is for the next page, which may be the first with an entry.
    private const int MostRows = 5_000;

    private const string Token = "$skiptoken";

    /// <summary>How many entries the client wants in a page.</summary>
    /// <exception cref="GraphException">It is no number of entries.</exception>
    public static int TopOf(GraphCall call)
    {
        if (call.Context.Request.Query["$top"].ToString() is not { Length: > 0 } text) return UsualPage;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var top) && top is >= 1 and <= LargestPage
            ? top
            : throw GraphException.BadRequest($"$top must be a number from 1 to {LargestPage}.");
    }

    /// <summary>The key of the entry after which the page begins, or null for the first page.</summary>
    /// <exception cref="GraphException">It is none that a link had.</exception>
    public static string? AfterOf(GraphCall call)
    {
        if (call.Context.Request.Query[Token].ToString() is not { Length: > 0 } text) return null;
        try
        {
            return Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(text));
        }
        catch (FormatException)
        {
            throw GraphException.BadRequest($"{Token} is none that an @odata.nextLink had; begin the list anew without it.");
        }
    }

    /// <summary>The address of the page after the key.</summary>
    public static string LinkTo(GraphCall call, string next)
    {
        var query = new QueryBuilder();
        foreach (var (name, values) in call.Context.Request.Query)
        {
            if (!name.Equals(Token, StringComparison.OrdinalIgnoreCase)) query.Add(name, values.ToString());
        }

        query.Add(Token, WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(next)));
        var path = call.Context.Request.Path.ToUriComponent();
        return $"{new Uri(call.Address).GetLeftPart(UriPartial.Authority)}{path}{query}";
    }

    /// <summary>A page of the principals of a kind that the filter lets through, and the key to go on after.</summary>
    public static async Task<(List<PrincipalRecord> Items, string? Next)> ReadAsync(
        IPrincipals principals, PrincipalKind kind, string? after, int top, Func<PrincipalRecord, bool> isMeant, CancellationToken cancellationToken)
    {
        var items = new List<PrincipalRecord>();
        for (var rows = 0; rows < MostRows;)
        {
            var page = await principals.ListPrincipalsAsync(kind, after, RowsAtOnce, cancellationToken);
            foreach (var record in page.Items)
            {
                after = record.Name;
                if (!isMeant(record)) continue;
                items.Add(record);
                if (items.Count == top) return (items, page.More || !ReferenceEquals(record, page.Items[^1]) ? after : null);
            }

            if (!page.More) return (items, null);
            rows += page.Items.Count;
        }

        return (items, after);
    }
}
