namespace Berth.Conformance.Metadata;

public sealed class SqliteUploads : UploadsSuite<SqliteDatabase>;
