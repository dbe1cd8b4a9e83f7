namespace Berth.Registry.Tests.Hosting;

/// <summary>Which of a test's actors the present flow belongs to; a request says it in the header X-Actor.</summary>
internal static class Actor
{
    private static readonly AsyncLocal<string?> Name = new();
    private static readonly AsyncLocal<CancellationToken> Gone = new();

    /// <summary>Is cancelled when the actor's connection is lost.</summary>
    public static CancellationToken Aborted
    {
        get => Gone.Value;
        set => Gone.Value = value;
    }

    public static string? Current
    {
        get => Name.Value;
        set => Name.Value = value;
    }
}
