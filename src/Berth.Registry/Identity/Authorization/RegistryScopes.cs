using System.Diagnostics.CodeAnalysis;
using Berth.Oci;

namespace Berth.Registry.Identity.Authorization;

/// <summary>
/// What a client asks a registry token for, or what a token carries: <c>repository:name:pull,push</c>, <c>repository:*:pull</c> of every repository, <c>registry:catalog:*</c>,
/// <c>registry:deleted_catalog:*</c>, and of the same form <c>workloads</c>, <c>lifecycle</c>, <c>lifecycle_write</c>, <c>tag_rules</c>, <c>quarantine</c>, <c>usage</c> and <c>quotas</c>. A
/// type, an action or a name that is not known asks for nothing.
/// </summary>
public sealed class RegistryScopes
{
    /// <summary>How many scopes a request may have.</summary>
    public const int MaxScopes = 100;

    /// <summary>The longest scope, in characters: room for a name and every action.</summary>
    public const int MaxLength = 512;

    private const string RepositoryType = "repository";
    private const string RegistryType = "registry";

    // As Azure's acr asks, which does not know beforehand what it will read.
    private const string EveryRepository = "*";

    private static readonly (string Name, RegistryAction[] Actions)[] RegistryNames =
    [
        ("catalog", [RegistryAction.CatalogRead]),
        ("deleted_catalog", [RegistryAction.DeletedCatalogRead]),
        ("workloads", [RegistryAction.WorkloadsRead, RegistryAction.WorkloadsWrite]),
        ("lifecycle", [RegistryAction.LifecycleRead]),
        ("lifecycle_write", [RegistryAction.LifecycleWrite]),
        ("tag_rules", [RegistryAction.TagRulesRead, RegistryAction.TagRulesWrite, RegistryAction.TagRulesDelete]),
        ("quarantine", [RegistryAction.QuarantineRead, RegistryAction.QuarantineWrite]),
        ("usage", [RegistryAction.UsageRead]),
        ("quotas", [RegistryAction.QuotasWrite]),
    ];

    // In the order asked for, which is the order in which a token lists them.
    private readonly OrderedDictionary<RepositoryName, HashSet<RepositoryAction>> _repositories = [];
    private readonly HashSet<RepositoryAction> _everyRepository = [];
    private readonly HashSet<RegistryAction> _registry = [];

    /// <summary>Whether nothing is asked for that there is.</summary>
    public bool IsEmpty => _repositories.Count == 0 && _everyRepository.Count == 0 && _registry.Count == 0;

    /// <summary>The repositories that are asked for by name.</summary>
    public IReadOnlyCollection<RepositoryName> RepositoryNames => _repositories.Keys;

    /// <summary>
    /// Reads the values of all <c>scope</c> parameters, each with any number of scopes between spaces; the error is a sentence about what is
    /// no scope or too much.
    /// </summary>
    public static bool TryParse(IEnumerable<string> values, [NotNullWhen(true)] out RegistryScopes? scopes, [NotNullWhen(false)] out string? error)
    {
        scopes = null;
        error = null;
        var read = new RegistryScopes();
        var count = 0;
        foreach (var value in values)
        {
            foreach (var part in value.AsSpan().Split(' '))
            {
                var scope = value.AsSpan()[part];
                if (scope.IsEmpty) continue;
                if (++count > MaxScopes) error = $"More than {MaxScopes} scopes are asked for; ask for fewer at once.";
                else if (scope.Length > MaxLength) error = $"A scope is longer than {MaxLength} characters.";
                else if (!read.TryAdd(scope.ToString())) error = $"'{Shorten(scope)}' is no scope: write type:name:actions, as in repository:team/app:pull,push.";
                if (error is not null) return false;
            }
        }

        scopes = read;
        return true;
    }

    /// <summary>What the entries of a token's <c>access</c> claim carry.</summary>
    public static RegistryScopes FromAccess(IEnumerable<AccessEntry> access)
    {
        var read = new RegistryScopes();
        foreach (var entry in access) read.Add(entry.Type, entry.Name, entry.Actions);
        return read;
    }

    /// <summary>The entries for what is asked for and permitted; what is not permitted is left out.</summary>
    public IReadOnlyList<AccessEntry> Grant(RegistryPermissions permissions)
    {
        var access = new List<AccessEntry>();
        foreach (var (name, actions) in RegistryNames)
        {
            if (actions.Any(action => _registry.Contains(action) && permissions.MayUse(action))) access.Add(new(RegistryType, name, [ScopeAction.Everything]));
        }

        // For each word that it may use somewhere: where that is, is decided with each request.
        var everywhere = ScopeAction.All.Where(a => _everyRepository.Contains(a.Needs) && !permissions.Repositories(a.Needs).IsEmpty).Select(a => a.Word).ToArray();
        if (everywhere.Length > 0) access.Add(new(RepositoryType, EveryRepository, everywhere));

        foreach (var (repository, asked) in _repositories)
        {
            var words = ScopeAction.All.Where(a => asked.Contains(a.Needs) && permissions.IsAllowed(repository, a.Needs)).Select(a => a.Word).ToArray();
            if (words.Length > 0) access.Add(new(RepositoryType, repository.Value, words));
        }

        return access;
    }

    /// <summary>Whether the action on the repository is among what is asked for or carried.</summary>
    public bool Include(RepositoryName repository, RepositoryAction action) =>
        _everyRepository.Contains(action) || (_repositories.TryGetValue(repository, out var actions) && actions.Contains(action));

    /// <summary>The repositories for which the action is among what is asked for or carried.</summary>
    public NameSet Repositories(RepositoryAction action) => _everyRepository.Contains(action)
        ? NameSet.All
        : NameSet.Union(_repositories.Where(entry => entry.Value.Contains(action)).Select(entry => NameSet.Of(entry.Key)));

    /// <summary>Whether the action on the registry is among what is asked for or carried; signing in always is.</summary>
    public bool Include(RegistryAction action) => action == RegistryAction.SignIn || _registry.Contains(action);

    private bool TryAdd(string scope)
    {
        var first = scope.IndexOf(':', StringComparison.Ordinal);
        var last = scope.LastIndexOf(':');
        if (first <= 0 || last <= first + 1 || last == scope.Length - 1) return false;

        Add(scope[..first], scope[(first + 1)..last], scope[(last + 1)..].Split(','));
        return true;
    }

    private void Add(string type, string name, IReadOnlyList<string> actions)
    {
        if (type == RegistryType && actions.Contains(ScopeAction.Everything))
        {
            foreach (var (known, rights) in RegistryNames)
            {
                if (known == name) _registry.UnionWith(rights);
            }
        }
        else if (IsRepository(type) && name == EveryRepository)
        {
            _everyRepository.UnionWith(actions.SelectMany(ScopeAction.RightsOf));
        }
        else if (IsRepository(type) && RepositoryName.TryParse(name, out var repository))
        {
            var rights = actions.SelectMany(ScopeAction.RightsOf).ToArray();
            if (rights.Length == 0) return;
            if (!_repositories.TryGetValue(repository, out var known)) _repositories.Add(repository, known = []);
            known.UnionWith(rights);
        }
    }

    // A class in parentheses, as in repository(plugin), says what the content is for; rights do not differ by it.
    private static bool IsRepository(string type) =>
        type == RepositoryType || (type.StartsWith(RepositoryType + "(", StringComparison.Ordinal) && type.EndsWith(')'));

    private static string Shorten(ReadOnlySpan<char> text) => ClientText.ShortenVisibly(text, 100);
}
