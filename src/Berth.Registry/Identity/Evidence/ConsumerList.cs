using System.Globalization;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Evidence;

/// <summary>Answers who pulls what: <c>…/access/consumers?repository=&amp;digest=&amp;principal=&amp;since=</c>, in pages.</summary>
internal sealed class ConsumerList(IConsumers consumers, UsageLog usage, NamedPrincipals people, PublicNames names)
{
    private const int PageSize = 1_000;

    /// <summary>Answers the question.</summary>
    public async Task AnswerAsync(HttpContext context, RegistryRecord registry)
    {
        var query = await ReadAsync(context, registry);
        await usage.FlushIfPossibleAsync(context.RequestAborted);
        Page<ConsumerRecord> page;
        try
        {
            page = await consumers.ListConsumersAsync(query, EvidenceAnswer.AfterOf(context), PageSize, context.RequestAborted);
        }
        catch (FormatException)
        {
            throw EvidenceAnswer.BadToken();
        }

        var described = await people.DescribeAsync(page.Items.Select(pull => pull.Principal), context.RequestAborted);
        await EvidenceAnswer.WriteAsync(context, json =>
        {
            json.WriteStartArray("value"u8);
            foreach (var pull in page.Items)
            {
                json.WriteStartObject();
                json.WriteString("repository"u8, pull.Repository.Value);
                json.WriteString("digest"u8, pull.Digest.ToString());
                json.WriteString("principal"u8, pull.Principal);
                json.WriteString("displayName"u8, pull.Principal.Length == 0 ? "anybody" : described.GetValueOrDefault(pull.Principal, pull.Principal));
                json.WriteString("address"u8, pull.Address);
                json.WriteString("userAgent"u8, pull.UserAgent);
                json.WriteNumber("count"u8, pull.Count);
                json.WriteString("firstPulledAt"u8, pull.FirstAt);
                json.WriteString("lastPulledAt"u8, pull.LastAt);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            EvidenceAnswer.WriteNext(json, context, names, page.Last);
        });
    }

    private async ValueTask<ConsumerQuery> ReadAsync(HttpContext context, RegistryRecord registry)
    {
        var asked = context.Request.Query;
        var repository = EvidenceAnswer.OptionalRepositoryOf(context);
        var digest = default(Digest);
        if (asked["digest"] is [{ Length: > 0 } text] && !Digest.TryParse(text, out digest))
            throw new OciException(OciErrorCode.DigestInvalid, "'digest' is no digest such as sha256:….");
        if (!digest.IsDefault && repository is null) throw new OciException(OciErrorCode.BadRequest, "'digest' goes with 'repository'.");

        // One that was deleted since is known by its name alone.
        string? principal = asked["principal"] is [{ } who] ? who : null;
        if (principal is { Length: > 0 } && await people.FindAsync(principal, context.RequestAborted) is { } record) principal = Principal.Of(record).Name;
        return new ConsumerQuery(registry.Id, repository, digest, principal, ReadSince(asked["since"]));
    }

    private static DateTimeOffset? ReadSince(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var since)
            ? since
            : throw new OciException(OciErrorCode.BadRequest, "'since' is no time such as 2026-01-31T00:00:00Z.");
    }
}
