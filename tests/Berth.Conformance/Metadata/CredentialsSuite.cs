using Berth.Metadata;

namespace Berth.Conformance.Metadata;

/// <summary>Secrets, certificates and federated credentials.</summary>
public abstract class CredentialsSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task A_credential_comes_back_as_it_was_put()
    {
        var principal = await CreateAsync(new NewPrincipal(PrincipalKind.ServicePrincipal, "sp", ""));
        var secret = Secret("a") with { DisplayName = "first", Hint = "abc", SecretHash = [1, 2, 3], ExpiresAt = Now.AddDays(1) };
        var certificate = new CredentialRecord("b", CredentialKind.Certificate, Now) { Thumbprint = "AA11", Certificate = new byte[3000] };
        var shown = Secret("c") with { Slot = "password", ProtectedSecret = [9, 8] };

        foreach (var one in new[] { certificate, shown, secret })
            Assert.Equal(CreateOutcome.Created, await Store.PutCredentialAsync(principal.Id, one, Alice, Token));

        var listed = await Store.ListCredentialsAsync(principal.Id, Token);
        Assert.Equal(["a", "b", "c"], listed.Select(credential => credential.KeyId));
        Assert.Equivalent(new[] { secret, certificate, shown }, listed, strict: true);
        Assert.Empty(await Store.ListCredentialsAsync(principal.Id + 1, Token));
    }

    [Fact]
    public async Task A_slot_holds_one_credential_and_the_next_takes_its_place()
    {
        var principal = await CreateAsync(new NewPrincipal(PrincipalKind.AdminUser, "local", "", RegistryId: Registry));
        await Store.PutCredentialAsync(principal.Id, Secret("a") with { Slot = "password" }, Alice, Token);
        await Store.PutCredentialAsync(principal.Id, Secret("b") with { Slot = "password2" }, Alice, Token);

        Assert.Equal(CreateOutcome.Updated, await Store.PutCredentialAsync(principal.Id, Secret("c") with { Slot = "password" }, Alice, Token));

        var listed = await Store.ListCredentialsAsync(principal.Id, Token);
        Assert.Equal([("b", "password2"), ("c", "password")], listed.Select(credential => (credential.KeyId, credential.Slot!)));
    }

    [Fact]
    public async Task A_key_id_is_given_once_and_only_to_one_who_is_there()
    {
        var principal = await CreateAsync(new NewPrincipal(PrincipalKind.ServicePrincipal, "sp", ""));
        await Store.PutCredentialAsync(principal.Id, Secret("a"), Alice, Token);

        Assert.Equal(CreateOutcome.Exists, await Store.PutCredentialAsync(principal.Id, Secret("a"), Alice, Token));
        Assert.Equal(CreateOutcome.Unknown, await Store.PutCredentialAsync(principal.Id + 1, Secret("b"), Alice, Token));
        Assert.True(await Store.RemoveCredentialAsync(principal.Id, "a", Alice, Token));
        Assert.False(await Store.RemoveCredentialAsync(principal.Id, "a", Alice, Token));
    }

    [Fact]
    public async Task There_is_a_most_of_credentials_and_a_full_slot_is_replaced_all_the_same()
    {
        var principal = await CreateAsync(new NewPrincipal(PrincipalKind.ServicePrincipal, "sp", ""));
        await Store.PutCredentialAsync(principal.Id, Secret("slot") with { Slot = "password1" }, Alice, Token);
        for (var i = 1; i < ICredentials.MostCredentials; i++) await Store.PutCredentialAsync(principal.Id, Secret($"{i}"), Alice, Token);

        Assert.Equal(CreateOutcome.TooMany, await Store.PutCredentialAsync(principal.Id, Secret("more"), Alice, Token));
        Assert.Equal(CreateOutcome.Updated, await Store.PutCredentialAsync(principal.Id, Secret("new") with { Slot = "password1" }, Alice, Token));
    }

    [Fact]
    public async Task The_last_use_only_goes_forward()
    {
        var principal = await CreateAsync(new NewPrincipal(PrincipalKind.ServicePrincipal, "sp", ""));
        await Store.PutCredentialAsync(principal.Id, Secret("a"), Alice, Token);

        await Store.RecordCredentialUsesAsync([new CredentialUse(principal.Id, "a", Now, Address: "192.0.2.1"), new CredentialUse(principal.Id, "gone", Now)], Token);
        await Store.RecordCredentialUsesAsync([new CredentialUse(principal.Id, "a", Now.AddHours(-1))], Token);

        var listed = Assert.Single(await Store.ListCredentialsAsync(principal.Id, Token));
        Assert.Equal((Now, "192.0.2.1"), (listed.LastUsedAt, listed.LastUsedAddress));
    }

    [Fact]
    public async Task A_passwords_use_belongs_to_the_password_that_was_used()
    {
        var user = await CreateAsync(new NewPrincipal(PrincipalKind.User, "u", "", PasswordHash: "one"));
        var nobody = await CreateAsync(new NewPrincipal(PrincipalKind.User, "n", ""));
        CredentialUse Use(DateTimeOffset at) => new(user.Id, "", at, CredentialSort.Password, "192.0.2.1");

        await Store.RecordCredentialUsesAsync([Use(Now.AddMinutes(1)), new CredentialUse(nobody.Id, "", Now, CredentialSort.Password)], Token);
        Assert.Equal(new PasswordRecord(Now, Now.AddMinutes(1), "192.0.2.1"), await Store.FindPasswordAsync(user.Id, Token));
        Assert.Null(await Store.FindPasswordAsync(nobody.Id, Token));

        Time.Advance(TimeSpan.FromHours(1));
        await Store.UpdatePrincipalAsync(user.Id, new PrincipalChanges(DisplayName: "U"), Alice, Token);
        Assert.NotNull((await Store.FindPasswordAsync(user.Id, Token))!.LastUsedAt);
        await Store.UpdatePrincipalAsync(user.Id, new PrincipalChanges(PasswordHash: "two"), Alice, Token);
        await Store.RecordCredentialUsesAsync([Use(Now.AddMinutes(-5))], Token);
        Assert.Equal(new PasswordRecord(Now, null, null), await Store.FindPasswordAsync(user.Id, Token));
        Assert.True(await Store.DeletePrincipalAsync(user.Id, Alice, Token));
    }

    [Fact]
    public async Task A_federated_credentials_use_belongs_to_its_issuer_and_subject()
    {
        var principal = await CreateAsync(new NewPrincipal(PrincipalKind.ManagedIdentity, "mi", ""));
        var main = new FederatedCredentialRecord("main", "https://issuer", "repo:a:ref:main", ["one"], null);
        await Store.PutFederatedCredentialAsync(principal.Id, main, Alice, Token);
        await Store.RecordCredentialUsesAsync([new CredentialUse(principal.Id, "main", Now, CredentialSort.Federated, "192.0.2.1")], Token);

        await Store.PutFederatedCredentialAsync(principal.Id, main with { Description = "it" }, Alice, Token);
        var listed = Assert.Single(await Store.ListFederatedCredentialsAsync(principal.Id, Token));
        Assert.Equal((Now, "192.0.2.1"), (listed.LastUsedAt, listed.LastUsedAddress));
        await Store.PutFederatedCredentialAsync(principal.Id, main with { Subject = "repo:b" }, Alice, Token);
        Assert.Null(Assert.Single(await Store.ListFederatedCredentialsAsync(principal.Id, Token)).LastUsedAt);
    }

    [Fact]
    public async Task A_federated_credential_is_made_changed_and_removed()
    {
        var principal = await CreateAsync(new NewPrincipal(PrincipalKind.ManagedIdentity, "mi", ""));
        var main = new FederatedCredentialRecord("main", "https://issuer", "repo:a:ref:main", ["one", "two"], "the main branch");

        Assert.Equal(CreateOutcome.Created, await Store.PutFederatedCredentialAsync(principal.Id, main, Alice, Token));
        Assert.Equal(CreateOutcome.Updated, await Store.PutFederatedCredentialAsync(principal.Id, main with { Audiences = ["two"] }, Alice, Token));

        Assert.Equivalent(new[] { main with { Audiences = ["two"], CreatedAt = Now } }, await Store.ListFederatedCredentialsAsync(principal.Id, Token), strict: true);
        Assert.True(await Store.RemoveFederatedCredentialAsync(principal.Id, "main", Alice, Token));
        Assert.False(await Store.RemoveFederatedCredentialAsync(principal.Id, "main", Alice, Token));
        Assert.Equal(CreateOutcome.Unknown, await Store.PutFederatedCredentialAsync(principal.Id + 1, main, Alice, Token));
    }

    [Theory]
    [InlineData("https://issuer", "subject", "two", CreateOutcome.Exists)]
    [InlineData("https://issuer", "subject", "three", CreateOutcome.Created)]
    [InlineData("https://issuer", "Subject", "two", CreateOutcome.Created)]
    [InlineData("https://issuer/", "subject", "two", CreateOutcome.Created)]
    public async Task Issuer_subject_and_audience_belong_to_one_federated_credential_of_a_principal(
        string issuer, string subject, string audience, CreateOutcome expected)
    {
        var principal = await CreateAsync(new NewPrincipal(PrincipalKind.ManagedIdentity, "mi", ""));
        var other = await CreateAsync(new NewPrincipal(PrincipalKind.ManagedIdentity, "mi2", ""));
        var first = new FederatedCredentialRecord("first", "https://issuer", "subject", ["one", "two"], null);
        await Store.PutFederatedCredentialAsync(principal.Id, first, Alice, Token);

        var second = new FederatedCredentialRecord("second", issuer, subject, [audience], null);

        Assert.Equal(expected, await Store.PutFederatedCredentialAsync(principal.Id, second, Alice, Token));
        Assert.Equal(CreateOutcome.Created, await Store.PutFederatedCredentialAsync(other.Id, second, Alice, Token));
    }

    [Fact]
    public async Task There_are_at_most_twenty_federated_credentials_and_the_twentieth_can_be_changed()
    {
        var principal = await CreateAsync(new NewPrincipal(PrincipalKind.ManagedIdentity, "mi", ""));
        for (var i = 0; i < 20; i++)
            Assert.Equal(CreateOutcome.Created, await Store.PutFederatedCredentialAsync(principal.Id, Federated($"n{i}", $"s{i}"), Alice, Token));

        Assert.Equal(CreateOutcome.TooMany, await Store.PutFederatedCredentialAsync(principal.Id, Federated("n20", "s20"), Alice, Token));
        Assert.Equal(CreateOutcome.Updated, await Store.PutFederatedCredentialAsync(principal.Id, Federated("n19", "changed"), Alice, Token));
    }

    private static FederatedCredentialRecord Federated(string name, string subject) => new(name, "https://issuer", subject, ["a"], null);

    private CredentialRecord Secret(string keyId) => new(keyId, CredentialKind.Secret, Now);
}
