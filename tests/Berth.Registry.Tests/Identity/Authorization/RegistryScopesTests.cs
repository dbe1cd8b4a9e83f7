using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Identity.Authorization;
using static Berth.Metadata.RoleAssignmentMode;
using static Berth.Registry.Tests.Identity.Authorization.Samples;

namespace Berth.Registry.Tests.Identity.Authorization;

public sealed class RegistryScopesTests
{
    [Fact]
    public void What_is_not_permitted_is_left_out()
    {
        var puller = RegistryPermissions.FromAssignments([Assigned("AcrPull")], LegacyRegistryPermissions);
        Assert.Equal("repository:team-a/app:pull", Granted(puller, "repository:team-a/app:pull,push,delete"));
        Assert.Equal("", Granted(puller, "repository:team-a/app:push"));
        Assert.Equal("registry:catalog:* repository:team-a/app:pull,metadata_read", Granted(puller, "repository:team-a/app:metadata_read,pull registry:catalog:*"));
        Assert.Equal("repository:*:pull,metadata_read", Granted(puller, "repository:*:*"));
        Assert.Equal("", Granted(RegistryPermissions.None, "registry:catalog:*", "registry:deleted_catalog:*", "repository:a:*", "repository:*:*"));
    }

    [Theory]
    [InlineData("repository:a:pull", "repository:a:pull")]
    [InlineData("repository:a:metadataRead,metadataWrite", "repository:a:metadata_read,metadata_write")]
    [InlineData("repository:a:*", "repository:a:pull,push,delete,metadata_read,metadata_write,deleted_read,deleted_restore")]
    [InlineData("repository:a:deleted_restore,deleted_read", "repository:a:deleted_read,deleted_restore")]
    [InlineData("registry:deleted_catalog:*", "registry:deleted_catalog:*")]
    [InlineData("registry:catalog:*", "registry:catalog:*")]
    [InlineData("repository(plugin):a/b:pull", "repository:a/b:pull")]
    [InlineData("registry:catalog:* repository:*:*", "registry:catalog:* repository:*:pull,push,delete,metadata_read,metadata_write,deleted_read,deleted_restore")]
    [InlineData("repository:*:pull repository:a:push repository:*:metadata_read", "repository:*:pull,metadata_read repository:a:push")]
    [InlineData("repository:team/*:pull", "")]
    [InlineData("repository:**:pull", "")]
    [InlineData("repository:b:pull  repository:a:pull repository:b:push", "repository:b:pull,push repository:a:pull")]
    [InlineData("registry:catalog:pull", "")]
    [InlineData("registry:other:*", "")]
    [InlineData("artifact-repository:repo:pull", "")]
    [InlineData("repositoryx:a:pull", "")]
    [InlineData("repository:Upper:pull", "")]
    [InlineData("repository:a:PULL,fly,,", "")]
    [InlineData("", "")]
    public void A_scope_is_read_as_clients_write_it(string scope, string expected) => Assert.Equal(expected, Granted(RegistryPermissions.Admin, scope));

    [Fact]
    public void Repeated_parameters_add_up() =>
        Assert.Equal("repository:a:pull,push repository:b:pull", Granted(RegistryPermissions.Admin, "repository:a:pull", "repository:b:pull", "repository:a:push,pull"));

    [Theory]
    [InlineData("repository")]
    [InlineData("repository:a")]
    [InlineData("repository::pull")]
    [InlineData(":a:pull")]
    [InlineData("repository:a:")]
    public void What_has_not_three_parts_is_refused(string scope)
    {
        Assert.False(RegistryScopes.TryParse([scope], out _, out var error));
        Assert.Contains("type:name:actions", error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_number_of_scopes_and_their_length_are_bounded()
    {
        var many = string.Join(' ', Enumerable.Range(0, RegistryScopes.MaxScopes).Select(i => $"repository:a{i}:pull"));
        Assert.True(RegistryScopes.TryParse([many], out _, out _));
        Assert.False(RegistryScopes.TryParse([many, "repository:b:pull"], out _, out var tooMany));
        Assert.Contains("More than 100 scopes", tooMany, StringComparison.Ordinal);

        Assert.True(RegistryScopes.TryParse([$"repository:{new string('a', 255)}:pull,push,delete,metadata_read,metadata_write,deleted_read,deleted_restore"], out _, out _));
        Assert.False(RegistryScopes.TryParse([$"repository:{new string('a', 600)}:pull"], out _, out var tooLong));
        Assert.Contains("longer than 512", tooLong, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_carries_what_was_granted_and_no_more()
    {
        var token = RegistryScopes.FromAccess([new("repository", "a", ["pull", "delete"]), new("registry", "catalog", ["*"])]);

        var carried = Enum.GetValues<RepositoryAction>().Where(action => token.Include(Name("a"), action));
        Assert.Equal([RepositoryAction.ContentRead, RepositoryAction.ContentDelete, RepositoryAction.MetadataDelete], carried);
        Assert.False(token.Include(Name("b"), RepositoryAction.ContentRead));
        Assert.Equal([RegistryAction.SignIn, RegistryAction.CatalogRead], Enum.GetValues<RegistryAction>().Where(token.Include));
        Assert.False(token.IsEmpty);
        Assert.True(RegistryScopes.FromAccess([new("registry", "catalog", ["pull"])]).IsEmpty);
    }

    [Fact]
    public void A_grant_is_within_what_was_asked_for_and_within_what_is_permitted() => Gen.Select(
        Gen.Select(Names, Gen.OneOf("pull", "push", "delete", "metadata_read", "metadataWrite", "deleted_read", "deleted_restore", "*", "fly").Array[1, 3]).Array[0, 5],
        Gen.OneOf([.. BuiltInRoles.All]), Gen.Enum<RoleAssignmentMode>(), Gen.Bool).Sample(
        (asked, role, mode, isNarrowed) =>
        {
            var condition = isNarrowed ? $"{NameAttribute} StringStartsWith 'team'" : null;
            var permissions = RegistryPermissions.FromAssignments([Assigned(role.Name, condition)], mode);
            var scopes = Parse([.. asked.Select(a => $"repository:{a.Item1}:{string.Join(',', a.Item2)}")]);
            var token = RegistryScopes.FromAccess(scopes.Grant(permissions));
            return asked.All(a => Enum.GetValues<RepositoryAction>().All(action =>
                token.Include(a.Item1, action) == (scopes.Include(a.Item1, action) && permissions.IsAllowed(a.Item1, action))));
        },
        iter: Effort.Iterations(5_000));

    private static string Granted(RegistryPermissions permissions, params string[] values) =>
        string.Join(' ', Parse(values).Grant(permissions).Select(entry => $"{entry.Type}:{entry.Name}:{string.Join(',', entry.Actions)}"));

    private static RegistryScopes Parse(string[] values) => RegistryScopes.TryParse(values, out var scopes, out var error) ? scopes : throw new FormatException(error);
}
