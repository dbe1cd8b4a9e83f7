namespace Berth.Metadata.Relational;

/// <summary>How much of the database a change looks at.</summary>
internal enum Extent
{
    /// <summary>Rows that it finds by indexes, with as many statements as it takes.</summary>
    Rows,

    /// <summary>One statement that decides by the row that it changes, and so needs no order among others but that row's lock.</summary>
    OneStatement,

    /// <summary>Whole tables, for as long as that takes: for work on an installation that is not being served.</summary>
    WholeTables,
}
