namespace Berth.Cli.Tests.Session;

/// <summary>Tests that change what the whole process has one of: the console, its environment. No other test runs beside them.</summary>
[CollectionDefinition(nameof(ProcessWideCollection), DisableParallelization = true)]
public sealed class ProcessWideCollection;
