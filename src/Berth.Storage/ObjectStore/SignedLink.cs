namespace Berth.Storage.ObjectStore;

/// <summary>A link to an object.</summary>
/// <param name="Address">By which whoever has it may read the object.</param>
/// <param name="Lasts">Whether it is good for all of its lifetime, and not only as long as the credentials that it was signed with.</param>
internal sealed record SignedLink(Uri Address, bool Lasts);
