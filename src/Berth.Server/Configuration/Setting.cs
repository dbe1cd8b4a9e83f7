namespace Berth.Server.Configuration;

/// <summary>One setting that somebody gave.</summary>
/// <param name="Value">The text as it was given.</param>
/// <param name="GivenAs">How it was given, as its giver knows it: a flag, a variable's name, or a key of the configuration file.</param>
internal sealed record Setting(string Value, string GivenAs);
