using System.Text;
using System.Text.Json;
using Berth.Cli.Query;
using Berth.Cli.Session;

namespace Berth.Cli.Evidence;

/// <summary>Where evidence goes: stdout as JSON or as a page, and a file with a page beside it, which stands there only when it is whole.</summary>
internal sealed class EvidenceOutput : IAsyncDisposable
{
    private List<IEvidenceForm> _forms = [];
    private List<IAsyncDisposable> _streams = [];
    private readonly EvidenceTotals _totals = new();
    private readonly MemoryStream? _answer;
    private readonly JmesPath? _query;
    private readonly string? _file;

    /// <summary>Opens what it goes to.</summary>
    /// <param name="isPage">Whether stdout gets a page, not JSON.</param>
    /// <param name="query">What of the JSON is printed; null for all of it.</param>
    /// <param name="file">The file with a page, HTML when its name ends like that; null for none.</param>
    /// <exception cref="ClientException">The file cannot be written.</exception>
    public EvidenceOutput(bool isPage, JmesPath? query, string? file)
    {
        (_query, _file) = (query, file);
        if (query is not null) _forms.Add(new JsonEvidence(_answer = new MemoryStream()));
        else if (isPage) _forms.Add(new PageEvidence(Console.Out, new MarkdownText()));
        else _forms.Add(new JsonEvidence(Kept(Console.OpenStandardOutput())));
        if (file is not null) _forms.Add(OpenPage(file));
    }

    /// <summary>How much was written.</summary>
    public EvidenceTotals Totals => _totals;

    private string Draft => $"{_file}.part";

    /// <summary>Writes what it begins with.</summary>
    public async Task BeginAsync(JsonElement head, CancellationToken cancellationToken)
    {
        foreach (var form in _forms) await form.BeginAsync(head, cancellationToken);
    }

    /// <summary>Writes a repository.</summary>
    public async Task AddAsync(JsonElement repository, CancellationToken cancellationToken)
    {
        _totals.Add(repository);
        foreach (var form in _forms) await form.AddAsync(repository, cancellationToken);
    }

    /// <summary>Writes its end.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        foreach (var form in _forms) await form.EndAsync(_totals, cancellationToken);
        await CloseAsync();
        if (_file is not null) File.Move(Draft, _file, overwrite: true);
        if (_answer is null) return;
        using var answer = JsonDocument.Parse(_answer.GetBuffer().AsMemory(0, (int)_answer.Length));
        if (_query!.Search(answer.RootElement) is { ValueKind: not JsonValueKind.Null } found) await OutputFormats.WriteAsync(found, OutputFormat.Json);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        if (_file is not null && File.Exists(Draft)) File.Delete(Draft);
    }

    private PageEvidence OpenPage(string file)
    {
        try
        {
            IPageText text = Path.GetExtension(file).ToLowerInvariant() is ".html" or ".htm" ? new HtmlText() : new MarkdownText();
            return new PageEvidence(Kept(new StreamWriter(Draft, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false))), text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ClientException($"--page names '{file}', which cannot be written: {e.Message}");
        }
    }

    private T Kept<T>(T stream)
        where T : IAsyncDisposable
    {
        _streams.Add(stream);
        return stream;
    }

    private async Task CloseAsync()
    {
        foreach (var form in _forms) await form.DisposeAsync();
        foreach (var stream in _streams) await stream.DisposeAsync();
        (_forms, _streams) = ([], []);
    }
}
