using Berth.Oci;

namespace Berth.Metadata.Tests.Sqlite;

/// <summary>What a database of the first migration alone may hold: one image with its blob, an open upload, a reader of the ledger.</summary>
internal static class FirstVersion
{
    /// <summary>A script that inserts the rows as that version wrote them.</summary>
    public static string Rows(Descriptor blob, NewManifest image)
    {
        var (app, tag) = (image.Repository.Value, image.Tags[0].Value);
        var (layer, digest) = (Stored(blob.Digest), Stored(image.Digest));
        var size = image.Bytes.Length;
        return $"""
            INSERT INTO installation (id, store_id, tenant_id, subscription_id, region, ledger_epoch, hybrid_time, created_at)
                VALUES (1, 'store', 'tenant', 'subscription', 'home', 1, 0, 0);
            INSERT INTO registries (id, name, subscription_id, resource_group, sku, epoch, created_at) VALUES (1, 'local', 'subscription', 'default', 'Premium', 1, 0);
            INSERT INTO repositories (id, registry_id, name, listed, created_at) VALUES (1, 1, '{app}', 1, 0);
            INSERT INTO blobs (digest, size, location, state, created_at) VALUES ({layer}, {blob.Size}, 'at/layer', 0, 0);
            INSERT INTO memberships (repository_id, digest, lease_until, review_at, created_at) VALUES (1, {layer}, 0, NULL, 0);
            INSERT INTO registry_blobs (registry_id, digest, repositories, repository_sum) VALUES (1, {layer}, 1, 1);
            INSERT INTO manifests (id, repository_id, digest, media_type, size, hybrid_time, region, created_at)
                VALUES (1, 1, {digest}, '{image.Manifest.MediaType}', {size}, 1, 'home', 0);
            INSERT INTO manifest_bytes (manifest_id, bytes) VALUES (1, x'{Convert.ToHexString(image.Bytes)}');
            INSERT INTO edges (manifest_id, kind, digest, repository_id) VALUES (1, 1, {layer}, 1);
            INSERT INTO tags (repository_id, name, manifest_id, hybrid_time, region, created_at, updated_at) VALUES (1, '{tag}', 1, 2, 'home', 0, 0);
            INSERT INTO uploads (id, registry_id, repository_id, principal_id, location, state, epoch, algorithm, offset, created_at, progress_at, expires_at)
                VALUES ('open', 1, 1, 7, 'at/open', 0, 0, 1, 0, 0, 0, 4102444800000);
            INSERT INTO ledger (epoch, hybrid_time, region, kind, registry_id, actor) VALUES (1, 1, 'home', 'manifest.pushed', 1, 'alice');
            INSERT INTO ledger (epoch, hybrid_time, region, kind, registry_id, actor) VALUES (1, 2, 'home', 'tag.set', 1, 'alice');
            INSERT INTO ledger_readers (name, epoch, number, updated_at) VALUES ('reader', 1, 1, 0);
            INSERT INTO usage (registry_id, repository_id, bytes, blobs, manifests)
                VALUES (0, 0, {blob.Size}, 1, 1), (1, 0, {blob.Size + size}, 1, 1), (1, 1, {blob.Size + size}, 1, 1);
            """;
    }

    private static string Stored(Digest digest) => $"x'{(int)digest.Algorithm:x2}{digest.Hex}'";
}
