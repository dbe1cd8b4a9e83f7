using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Artifacts;
using Berth.Registry.Distribution;
using Berth.Registry.Identity.Authorization;
using Berth.Registry.Lifecycle.Quarantines;
using Berth.Registry.Lifecycle.Rules;
using Berth.Registry.Lifecycle.TagRules;
using Berth.Registry.Lifecycle.Usage;
using Berth.Registry.Lifecycle.Workloads;
using Berth.Registry.Management;
using Berth.Server.Telemetry;
using Berth.Server.Tests.Telemetry;

namespace Berth.Server.Tests;

/// <summary>The reference pages that are made from registered data. UPDATE_DOCS=1 writes them anew.</summary>
public sealed class GeneratedReferenceTests
{
    private const string Notice = "do not edit (`UPDATE_DOCS=1 dotnet test --project tests/Berth.Server.Tests` writes it anew).";

    [Fact]
    public void The_reference_page_of_the_routes_is_current()
    {
        var page = Start("Routes of the registry API", "route table");
        page.Append("""
            Every route needs a signed-in principal; without one the answer is 401 with a challenge. The right is one on the repository in the path,
            or on the registry where there is none.

            | route | method | resource | right |
            |---|---|---|---|

            """);
        foreach (var route in DistributionRoute.All)
        {
            var method = route.AnswersHead ? $"{route.Method}, HEAD" : route.Method;
            var right = route.Action is { } action ? $"repository `{action}`" : $"registry `{route.RegistryAction}`";
            page.Append(CultureInfo.InvariantCulture, $"| `{route.Name}` | {method} | {Summary(typeof(ResourceKind), route.Kind.ToString())} | {right} |\n");
        }

        page.Append("""

            ## The metadata API

            Azure Container Registry's API about what a registry holds ([metadata-api.md](metadata-api.md)).

            | route | method | resource | right |
            |---|---|---|---|

            """);
        foreach (var route in ArtifactRoute.All)
        {
            var right = route.Action is { } action ? $"repository `{action}`" : $"registry `{route.RegistryAction}`";
            page.Append(CultureInfo.InvariantCulture, $"| `{route.Name}` | {route.Method} | {Summary(typeof(ArtifactKind), route.Kind.ToString())} | {right} |\n");
        }

        page.Append("""

            ## Workloads

            What runs, as it is reported to the registry ([workloads.md](../user/workloads.md)).

            | route | method | resource | right |
            |---|---|---|---|

            """);
        foreach (var route in WorkloadRoute.All)
            page.Append(CultureInfo.InvariantCulture, $"| `{route.Name}` | {route.Method} | {Summary(typeof(WorkloadKind), route.Kind.ToString())} | registry `{route.Action}` |\n");
        page.Append("""

            ## Tag rules

            The rules that make a registry's tags write-once ([write-once-tags.md](../user/write-once-tags.md)), under the registry's own name.

            | route | method | resource | right |
            |---|---|---|---|

            """);
        foreach (var route in TagRuleRoute.All) page.Append(CultureInfo.InvariantCulture, $"| `{route.Name}` | {route.Method} | `{route.Path}` | registry `{route.Action}` |\n");
        page.Append("""

            ## Quarantine

            What is kept from those who pull ([quarantine.md](../user/quarantine.md)), under the registry's own name.

            | route | method | resource | right |
            |---|---|---|---|

            """);
        foreach (var route in QuarantineRoute.All) page.Append(CultureInfo.InvariantCulture, $"| `{route.Name}` | {route.Method} | `{route.Path}` | registry `{route.Action}` |\n");
        page.Append("""

            ## Usage and quotas

            Berth's own calls about what a registry holds ([usage.md](../user/usage.md)). The rights are `listUsages/read` and `quotas/write` on the registry.

            | route | method | resource | right |
            |---|---|---|---|

            """);
        foreach (var route in UsageRoute.All)
            page.Append(CultureInfo.InvariantCulture, $"| `{route.Name}` | {route.Method} | `{route.Path}` | registry `{route.Action}` |\n");
        page.Append("""

            ## Lifecycle rules

            Berth's own API of rules about what goes and what stays ([what they do](../user/lifecycle.md)).

            | route | method | path | right |
            |---|---|---|---|

            """);
        foreach (var route in LifecycleRoute.All)
            page.Append(CultureInfo.InvariantCulture, $"| `{route.Name}` | {route.Method} | `{route.Path}` | registry `{route.Action}` |\n");

        GeneratedPage.Check("docs/reference/routes.md", page.ToString());
    }

    [Fact]
    public void The_reference_page_of_the_control_plane_is_current()
    {
        var page = Start("Routes of the control plane", "route table");
        page.Append("""
            The control plane is Azure Resource Manager's as far as registries and who may use them need it. It answers at `arm.{domain}`, and under any other host name. Paths
            are read whatever their case; `{scope}` is any resource's id, or nothing for everything. `api-version` is needed, and any date is taken.

            - **Who asks** says an access token of the authority for the control plane's address, as `Authorization: Bearer`. The caller needs the action at the resource, by a role
              assigned there or above. Without it the answer is 403, whether there is such a resource or not.
            - **Lists** of registries, identities and groups hold what the caller may read. A page has up to 200 entries, or fewer; `nextLink` leads to the next one. The list of registries takes `$top`, the most entries of a page. Resources are filtered by
              `resourceType`, `name`, `resourceGroup`, `location`, `tagName` and `tagValue`, each with `eq '…'`, resource groups by the last two; a filter by
              anything else is 400 `InvalidFilterInQueryString`. The lists of a resource group that is not there are 404 `ResourceGroupNotFound` for whoever may read resource groups, and empty for
              all others.
            - **Errors** are `{"error":{"code","message"}}`. Bodies are JSON objects of up to 1 MiB; a property that is not known, or has another type, is refused and named. A property of a
              registry that has no effect in this version is accepted with the value that says so, and refused with any other. Read-only ones may be sent back.
            - **PUT** of a registry that stands leaves what the body does not name; so does a token's for its status. An assignment's PUT by a version before 2020-03-01, which has no words for conditions and
              descriptions, leaves them; by a later one it sets what it names. Nothing is moved by a PUT with another `location`: that is 409
              `InvalidResourceLocation`, of a resource group `InvalidResourceGroupLocation`.
            - **Long-running operations** there are none: where Azure answers 201 or 202 with `Azure-AsyncOperation` or `Location` to be polled, everything is done here when the answer comes. A PUT answers 201 for
              what is new and 200 else, a PATCH 200, with `provisioningState` `Succeeded`; a DELETE 200, or 204 where there was nothing; an action 200. Pollers take that for the end at once: az, Azure.ResourceManager and
              @azure/arm-containerregistry do, as the tests show. `deleted-registries.purge` alone is 202, without an address to ask: the bytes are freed in the background, and the registry is gone from the list.
            - **Paths** may have a slash too many at their ends, before `providers` and behind a provider's name, as clients write them; where a name is missing between two they are refused
              (`InvalidRequestUri`).
            - **Network rules** (`networkRuleSet`, `publicNetworkAccess`, `networkRuleBypassOptions`) act on the next request ([network.md](../user/network.md)). `ipRules` holds IPv4 and IPv6 addresses
              and networks, as they were written, and replaces the list that stood; a `defaultAction` alone leaves it. `network-rules.dry-run` takes the same body and changes nothing.
            - **Policies** that may be changed are `exportPolicy`, `azureADAuthenticationAsArmPolicy`, `softDeletePolicy` (`status`, `retentionDays` 1 to 90) and `retentionPolicy` (`status`, `days` 0
              to 365). There is no copy out of a registry but a pull in this version, so that a disabled export takes nothing away yet. The latter two may be on together, unlike Azure's
              ([what they do](../user/lifecycle.md)); a new registry has both off with 7 days. `lastUpdatedTime` is when a policy was last changed, or the registry made; sent back it is not looked at.
            - **A registry's own identity** is made by `identity.type` `SystemAssigned` in its PUT or PATCH, and deleted, with its role assignments, by `None` or with the registry. It is a managed
              identity with the registry's name that is given roles as any other; its registry gives it none. It has neither a secret nor federated credentials, as in Azure: a workload that
              signs in needs a user-assigned identity.
            - **User-assigned identities** are attached to a registry by `identity.type` `UserAssigned`, or `SystemAssigned, UserAssigned`, with their ids in `userAssignedIdentities`, 50 at most. A PUT's are
              all that are attached afterwards; a PATCH's come to those that are, and null takes one away. Attaching one takes `Microsoft.ManagedIdentity/userAssignedIdentities/assign/action` at
              the identity as well (403 `LinkedAuthorizationFailed`). What is attached gets no right by that.
            - **Data endpoints** (`dataEndpointEnabled`) act on the next request, too; their hosts are in `dataEndpointHostNames` ([more](../user/network.md#a-host-of-its-own-for-blobs)).
            - **Passwords** of tokens are shown once, by `tokens.generate-credentials`; those of the admin user as often as asked for, while it is on
              ([why](../decisions/0017-admin-passwords.md)).
            - **The activity log** needs `eventTimestamp ge '…'`, takes `eventTimestamp le`, `resourceUri`, `resourceGroupName`, `resourceProvider`, `caller` and `correlationId` beside it, and
              lists the newest first. It is read from the ledger, and goes back as far as that does.
            - **Locks** forbid DELETE (`CanNotDelete`), or every change (`ReadOnly`), at their resource and below, with 409 `ScopeLocked`; on locks themselves they have no effect. Their list holds those
              that have an effect at the scope and those within it; `atScope()` leaves out the latter ([more](../user/registries.md)).
            - **Deleted registries** can be recovered for 14 days; these calls are ours, Azure has none ([what comes back](../user/registries.md#a-deleted-registry)).
            - **What this version does not have** (webhooks, replications, cache rules, tasks and so on) is listed as empty and answered with 404 by its name; what would make, change or delete
              one is refused with 400 `FeatureNotSupported`, and changes nothing.
            - **Tokens' passwords** in a PUT or PATCH (`credentials.passwords`) are those that stay: the others are deleted. Without the list all stay.
            - **Names** of tokens and scope maps are found in any case, and stay as they were first written; who signs in with a token writes its name as it is.
            - **Tags** by themselves (`tags.…`, as `az tag` and the SDKs change them) are those of a registry, a resource group or a managed identity.
            - **Role assignments** are filtered by `atScope()`, `principalId eq '…'` and `assignedTo('…')`; role definitions by `roleName eq '…'` and `type eq '…'`.

            | route | method | path | action |
            |---|---|---|---|

            """);
        foreach (var route in ManagementRoute.All)
        {
            var action = route.Action.Length == 0 ? "any role" : route.ListsWhatIsReadable ? $"`{route.Action}` at each entry" : $"`{route.Action}`";
            page.Append(CultureInfo.InvariantCulture, $"| `{route.Name}` | {route.Method} | `{route.Pattern}` | {action} |\n");
        }

        GeneratedPage.Check("docs/reference/control-plane.md", page.ToString());
    }

    [Fact]
    public void The_reference_page_of_the_errors_is_current()
    {
        var page = Start("Error codes", "registered codes");
        page.Append("""
            An error's body is `{"errors":[{"code","message","detail"}]}`. The message says what happened and what to do next; `detail` is the digest, name or
            value it is about. The status is the usual one; where it is 408, 409 or 412 to 416 instead is listed in [registry-api.md](registry-api.md#errors).

            | code | status | what it means |
            |---|---|---|

            """);
        foreach (var code in Enum.GetValues<OciErrorCode>())
        {
            var (text, status) = code.Describe();
            page.Append(CultureInfo.InvariantCulture, $"| `{text}` | {status} | {Summary(typeof(OciErrorCode), code.ToString())} |\n");
        }

        GeneratedPage.Check("docs/reference/errors.md", page.ToString());
    }

    [Fact]
    public void The_reference_page_of_the_ledger_is_current()
    {
        var page = Start("Kinds of ledger records", "registered kinds");
        page.Append("""
            Each mutation appends one record in its own transaction.

            | kind | what happened |
            |---|---|

            """);
        foreach (var (kind, sentence) in LedgerKinds.All) page.Append(CultureInfo.InvariantCulture, $"| `{kind}` | {sentence} |\n");
        GeneratedPage.Check("docs/reference/ledger.md", page.ToString());
    }

    [Fact]
    public void The_reference_page_of_the_metrics_is_current()
    {
        var page = Start("Metrics", "instruments");
        page.Append("""
            `GET /metrics` writes them under the first name, in Prometheus' format, or in OpenMetrics' where `Accept` asks for it, which has an exemplar (the trace of one
            value) for each bucket while traces are sent; a collector gets them under the second (`Telemetry:Otlp:Endpoint`). Beside them stand those of the web server
            (`http_server_…`, with the route's template, and `kestrel_…`) and of the runtime (`dotnet_…`). A count that has no labels is there from the start, as 0; a
            count by labels and a histogram from the first time that something was counted. A family has at most 1,000 series: more share one with
            `otel_metric_overflow="true"`. What to do with them: [user/observing.md](../user/observing.md).

            Callers on the server's machine get them as they are; others, and what a proxy passes on, with the right `MetricsRead` on the default registry.

            | metric | instrument | kind | what it is |
            |---|---|---|---|

            """);
        foreach (var instrument in PublishedInstruments.All().OrderBy(i => i.Name, StringComparer.Ordinal))
        {
            var family = new MetricFamily(instrument, TimeProvider.System);
            page.Append(CultureInfo.InvariantCulture, $"| `{family.Name}` | `{instrument.Name}` | {family.Kind.ToString().ToLowerInvariant()} | {family.Description} |\n");
        }

        GeneratedPage.Check("docs/reference/metrics.md", page.ToString());
    }

    [Fact]
    public void The_reference_page_of_the_built_in_roles_is_current()
    {
        var page = Start("Built-in roles", "registered roles");
        page.Append("""
            The ids, names and actions are Azure's; the roles for configuration, tasks and pipelines list the actions for what Azure says in words. What an action
            gives is in [access-rules.md](access-rules.md); one without a prefix here starts with `Microsoft.ContainerRegistry/registries/`. All can be assigned
            at every scope.

            | role | id | what for | actions | data actions |
            |---|---|---|---|---|

            """);
        foreach (var role in BuiltInRoles.All)
        {
            var block = role.Permissions.Single();
            var actions = Actions(block.Actions) + (block.NotActions.Count == 0 ? "" : $"; without {Actions(block.NotActions)}");
            page.Append(CultureInfo.InvariantCulture, $"| {role.Name} | `{role.Id}` | {role.Description} | {actions} | {Actions(block.DataActions)} |\n");
        }

        GeneratedPage.Check("docs/reference/built-in-roles.md", page.ToString());
    }

    [Fact]
    public void Every_kind_of_ledger_record_is_registered()
    {
        var declared = typeof(LedgerKinds).GetFields().Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!);
        Assert.Equal(declared.Order(StringComparer.Ordinal), LedgerKinds.All.Keys);
    }

    private static StringBuilder Start(string title, string source) =>
        new StringBuilder().Append(CultureInfo.InvariantCulture, $"# {title}\n\nMade from the {source} in `src/`; {Notice}\n\n");

    private static string Actions(IReadOnlyList<string> actions) => actions.Count == 0
        ? "–"
        : string.Join(", ", actions.Select(action => $"`{action.Replace("Microsoft.ContainerRegistry/registries/", "", StringComparison.Ordinal)}`"));

    private static string Summary(Type type, string member)
    {
        var file = XDocument.Load(Path.ChangeExtension(type.Assembly.Location, ".xml"));
        var summary = file.Descendants("member").Single(m => (string?)m.Attribute("name") == $"F:{type.FullName}.{member}").Element("summary")!;
        var text = string.Concat(summary.Nodes().Select(n => n is XElement { Name.LocalName: "c" } code ? $"`{code.Value}`" : n.ToString()));
        return string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }
}
