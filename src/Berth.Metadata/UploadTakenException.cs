namespace Berth.Metadata;

/// <summary>A promised session has a row by now: another request opened it, finished it or ended it. Nothing was changed.</summary>
public sealed class UploadTakenException() : Exception("The upload session has a row by now.");
