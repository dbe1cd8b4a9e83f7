namespace Berth.Metadata.Relational;

/// <summary>What an operation does when the store is short of room: a push waits or is refused, a deletion goes on.</summary>
internal enum Urgency
{
    /// <summary>A push: refused while the database is short of room.</summary>
    Push,

    /// <summary>Deletions and garbage collection: they make room.</summary>
    Relief,
}
