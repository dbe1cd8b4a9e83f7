using System.Globalization;
using System.Text.RegularExpressions;

namespace Berth.Registry.Management;

/// <summary>The version of Azure's API that a client speaks. Any is taken; an old one has no words for what came later, and leaves that as it stands.</summary>
/// <param name="Date">Its date.</param>
internal readonly partial record struct ApiVersion(DateOnly Date)
{
    /// <summary>Reads the <c>api-version</c> of a query.</summary>
    /// <exception cref="ManagementException">It is missing, or none.</exception>
    public static ApiVersion Parse(string text)
    {
        if (text.Length == 0)
            throw ManagementException.Bad("MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests, for example 2023-07-01.");
        return Form().IsMatch(text) && DateOnly.TryParseExact(text.AsSpan(0, 10), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? new ApiVersion(date)
            : throw ManagementException.Bad("InvalidApiVersionParameter", "The api-version is none: it is a date such as 2023-07-01, with -preview after it or not.");
    }

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{2}-[0-9]{2}(-[A-Za-z]{1,20})?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
