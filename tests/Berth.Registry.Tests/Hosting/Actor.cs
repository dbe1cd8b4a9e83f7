namespace Berth.Registry.Tests.Hosting;

/// <summary>Which of a test's actors the present flow belongs to; a request says it in the header X-Actor.</summary>
internal static class Actor
{
    private static readonly AsyncLocal<string?> Name = new();

    public static string? Current
    {
        get => Name.Value;
        set => Name.Value = value;
    }
}
