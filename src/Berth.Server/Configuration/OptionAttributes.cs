namespace Berth.Server.Configuration;

/// <summary>A section whose settings stand beside its parent's, without a name of their own before them.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class InlineAttribute : Attribute;

/// <summary>A setting whose value no message may repeat.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecretAttribute : Attribute;
