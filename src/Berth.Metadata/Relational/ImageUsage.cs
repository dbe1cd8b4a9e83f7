using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql FindChosen = new("SELECT id, size FROM manifests WHERE repository_id = ?1 AND digest = ?2 AND +deleted_at IS NULL");

    private static readonly Sql ListEdgesOf = new("SELECT kind, digest FROM edges WHERE manifest_id = ?1");

    private static readonly Sql ListNamers = new("""
        SELECT manifest_id FROM edges WHERE repository_id = ?1 AND kind = ?2 AND digest = ?3 ORDER BY manifest_id LIMIT ?4
        """);

    private static readonly Sql IsTagged = new("SELECT 1 FROM tags WHERE manifest_id = ?1 LIMIT 1");

    private static readonly Sql FindHeldBlob = new("""
        SELECT b.size, c.repositories FROM memberships m CROSS JOIN blobs b ON b.digest = m.digest CROSS JOIN registry_blobs c ON c.registry_id = ?3 AND c.digest = m.digest
        WHERE m.repository_id = ?1 AND m.digest = ?2
        """);

    private static readonly Sql FindRepositoryId = new("SELECT id FROM repositories WHERE registry_id = ?1 AND name = ?2");

    /// <inheritdoc/>
    public ValueTask<ImageUsageResult> ReadImageUsageAsync(
        long registryId, RepositoryName repository, IReadOnlyCollection<Digest> chosen, bool withChildren, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, chosen, withChildren),
            static (reader, asked) =>
            {
                // One snapshot: what is said of the blobs must be of the same moment as what is said of the manifests.
                using var transaction = reader.BeginRead();
                if (FindId(reader, asked.registryId, asked.repository) is not { } repositoryId) return new ImageUsageResult(null, HasRepository: false);

                var count = new ImageCount(reader, asked.registryId, repositoryId);
                foreach (var digest in asked.chosen)
                {
                    if (!count.TryChoose(digest)) return new ImageUsageResult(null, digest);
                    if (count.IsFull) return ImageUsageResult.TooMany;
                }

                if (asked.withChildren) count.ChooseChildren();
                return count.IsFull ? ImageUsageResult.TooMany : new ImageUsageResult(count.Sum());
            },
            cancellationToken);

    private static long? FindId(Session reader, long registryId, RepositoryName repository)
    {
        using var row = reader.Use(FindRepositoryId).Bind(registryId).Bind(repository.Value);
        return row.Step() ? row.Int64(0) : null;
    }

    /// <summary>
    /// Adds up what chosen manifests hold. Of whatever else names the same content, as much is looked at as shows that there is such a thing: the cost is that of the
    /// edges of what is chosen.
    /// </summary>
    private sealed class ImageCount(Session reader, long registryId, long repositoryId)
    {
        private readonly Dictionary<long, long> _sizes = [];
        private readonly HashSet<Digest> _blobs = [];
        private readonly HashSet<Digest> _waiting = [];
        private readonly HashSet<Digest> _digests = [];
        private int _children;

        /// <summary>Whether more is chosen than one question may be about.</summary>
        public bool IsFull => _sizes.Count > IUsage.MostManifests;

        /// <summary>Chooses a manifest; false when there is none such.</summary>
        public bool TryChoose(Digest digest)
        {
            if (_digests.Contains(digest)) return true;
            long id;
            using (var row = reader.Use(FindChosen).Bind(repositoryId).Bind(digest))
            {
                if (!row.Step()) return false;
                id = row.Int64(0);
                _sizes[id] = row.Int64(1);
            }

            _digests.Add(digest);
            _waiting.Remove(digest);
            using var edges = reader.Use(ListEdgesOf).Bind(id);
            while (edges.Step())
            {
                var named = edges.Digest(1);
                if (edges.Int64(0) == EdgeToBlob) _blobs.Add(named);
                else if (!_digests.Contains(named)) _waiting.Add(named);
            }

            return true;
        }

        /// <summary>Chooses what chosen indexes list, until all that is left is named by something else.</summary>
        public void ChooseChildren()
        {
            bool changed;
            do
            {
                changed = false;
                foreach (var child in _waiting.ToList())
                {
                    if (IsFull) return;
                    if (HasTag(child) || IsNamedElsewhere(EdgeToManifest, child)) continue;
                    if (!TryChoose(child))
                    {
                        _waiting.Remove(child); // absent, as a sparse index allows
                        continue;
                    }

                    _children++;
                    changed = true;
                }
            }
            while (changed);
        }

        public ImageUsage Sum()
        {
            var own = _sizes.Values.Sum();
            var (blobs, bytes, unique, freed) = (0L, own, own, own);
            foreach (var digest in _blobs)
            {
                if (FindBlob(digest) is not (var size, var holders)) continue;
                blobs++;
                bytes += size;
                if (IsNamedElsewhere(EdgeToBlob, digest)) continue;
                unique += size;
                if (holders == 1) freed += size;
            }

            return new ImageUsage(_sizes.Count, blobs, bytes, unique, freed, _children, _waiting.Count);
        }

        private (long Size, long Holders)? FindBlob(Digest digest)
        {
            using var row = reader.Use(FindHeldBlob).Bind(repositoryId).Bind(digest).Bind(registryId);
            return row.Step() ? (row.Int64(0), row.Int64(1)) : null;
        }

        private bool HasTag(Digest digest)
        {
            long id;
            using (var row = reader.Use(FindChosen).Bind(repositoryId).Bind(digest))
            {
                if (!row.Step()) return false;
                id = row.Int64(0);
            }

            using var tag = reader.Use(IsTagged).Bind(id);
            return tag.Step();
        }

        // Of more rows than manifests are chosen, one is of another.
        private bool IsNamedElsewhere(int kind, Digest digest)
        {
            using var rows = reader.Use(ListNamers).Bind(repositoryId).Bind((long)kind).Bind(digest).Bind(_sizes.Count + 1L);
            while (rows.Step())
            {
                if (!_sizes.ContainsKey(rows.Int64(0))) return true;
            }

            return false;
        }
    }
}
