using Berth.Metadata;

namespace Berth.Conformance.Metadata;

/// <summary>Scope maps and registries' tokens.</summary>
public abstract class RegistryTokensSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task A_scope_map_is_made_changed_and_deleted()
    {
        var asked = new ScopeMapRecord(Registry, "pull", "pulls", ["repositories/app/content/read", "repositories/a/*/content/read"], false);

        var (outcome, made) = await Store.PutScopeMapAsync(asked, Alice, Token);
        Time.Advance(TimeSpan.FromMinutes(1));
        var (again, changed) = await Store.PutScopeMapAsync(asked with { Actions = ["x"], Description = "d" }, Alice, Token);

        Assert.Equal((CreateOutcome.Created, CreateOutcome.Updated), (outcome, again));
        Assert.Equivalent(asked with { CreatedAt = Now.AddMinutes(-1) }, made, strict: true);
        Assert.Equivalent(made! with { Actions = ["x"], Description = "d" }, changed, strict: true);
        Assert.Equivalent(changed, await Store.FindScopeMapAsync(Registry, "pull", Token), strict: true);
        Assert.Null(await Store.FindScopeMapAsync(Registry + 1, "pull", Token));
        Assert.Equal(CreateOutcome.Unknown, (await Store.PutScopeMapAsync(asked with { RegistryId = Registry + 1 }, Alice, Token)).Outcome);
        Assert.Equal(DeleteOutcome.Deleted, await Store.DeleteScopeMapAsync(Registry, "pull", Alice, Token));
        Assert.Equal(DeleteOutcome.Unknown, await Store.DeleteScopeMapAsync(Registry, "pull", Alice, Token));
    }

    [Fact]
    public async Task An_update_of_a_scope_map_leaves_what_it_does_not_name_and_makes_none()
    {
        await MapAsync("team", "repositories/app/content/read");
        var described = (await Store.UpdateScopeMapAsync(Registry, "team", "the team's", null, Alice, Token)).Record!;
        Assert.Equal(("the team's", "repositories/app/content/read"), (described.Description, Assert.Single(described.Actions)));
        var narrowed = (await Store.UpdateScopeMapAsync(Registry, "team", null, ["x"], Alice, Token)).Record!;
        Assert.Equal(("the team's", "x"), (narrowed.Description, Assert.Single(narrowed.Actions)));
        Assert.Equivalent(narrowed, await Store.FindScopeMapAsync(Registry, "team", Token), strict: true);

        Assert.Equal(CreateOutcome.Unknown, (await Store.UpdateScopeMapAsync(Registry, "absent", "d", ["x"], Alice, Token)).Outcome);
        Assert.Equal(CreateOutcome.Unknown, (await Store.UpdateScopeMapAsync(Registry + 1, "team", "d", ["x"], Alice, Token)).Outcome);
        Assert.Null(await Store.FindScopeMapAsync(Registry, "absent", Token));
    }

    [Fact]
    public async Task A_scope_map_is_held_while_a_token_has_it()
    {
        await MapAsync("pull");
        await MapAsync("push");
        await Store.PutTokenAsync(Registry, "ci", "pull", true, Alice, Token);

        Assert.Equal(DeleteOutcome.Held, await Store.DeleteScopeMapAsync(Registry, "pull", Alice, Token));
        await Store.PutTokenAsync(Registry, "ci", "push", true, Alice, Token);
        Assert.Equal(DeleteOutcome.Deleted, await Store.DeleteScopeMapAsync(Registry, "pull", Alice, Token));
    }

    [Fact]
    public async Task A_token_is_found_with_principal_credentials_and_actions()
    {
        await MapAsync("pull", "repositories/app/content/read");
        var token = (await Store.PutTokenAsync(Registry, "ci", "pull", true, Alice, Token)).Record!;
        await Store.PutCredentialAsync(token.Principal.Id, new CredentialRecord("k2", CredentialKind.Secret, Now) { Slot = "password2", SecretHash = [2] }, Alice, Token);
        await Store.PutCredentialAsync(token.Principal.Id, new CredentialRecord("k1", CredentialKind.Secret, Now) { Slot = "password1", SecretHash = [1] }, Alice, Token);

        var found = await Store.FindTokenAsync(Registry, "ci", Token);

        Assert.Equal(token, found!.Token);
        Assert.Equal(("ci", "pull", Now, Registry), (token.Name, token.ScopeMap, token.CreatedAt, token.RegistryId));
        Assert.Equal(("local/ci", PrincipalKind.RegistryToken, Registry), (token.Principal.Name, token.Principal.Kind, token.Principal.RegistryId));
        Assert.Equal(["repositories/app/content/read"], found.Actions);
        Assert.Equal(["password1", "password2"], found.Credentials.Select(credential => credential.Slot));
        Assert.Null(await Store.FindTokenAsync(Registry, "cj", Token));
        Assert.Null(await Store.FindTokenAsync(Registry + 1, "ci", Token));
    }

    [Fact]
    public async Task A_token_without_credentials_is_found_too()
    {
        await MapAsync("pull");
        await Store.PutTokenAsync(Registry, "ci", "pull", false, Alice, Token);

        var found = await Store.FindTokenAsync(Registry, "ci", Token);

        Assert.Empty(found!.Credentials);
        Assert.False(found.Token.Principal.Enabled);
    }

    [Fact]
    public async Task A_token_needs_its_registry_its_scope_map_and_a_free_name()
    {
        await MapAsync("pull");
        await CreateAsync(new NewPrincipal(PrincipalKind.AdminUser, "local", "", RegistryId: Registry));

        Assert.Equal(CreateOutcome.Unknown, (await Store.PutTokenAsync(Registry, "ci", "none", true, Alice, Token)).Outcome);
        Assert.Equal(CreateOutcome.Unknown, (await Store.PutTokenAsync(Registry + 1, "ci", "pull", true, Alice, Token)).Outcome);
        Assert.Equal(CreateOutcome.Exists, (await Store.PutTokenAsync(Registry, "local", "pull", true, Alice, Token)).Outcome);
        await Assert.ThrowsAsync<ArgumentException>(() => Store.CreatePrincipalAsync(
            new NewPrincipal(PrincipalKind.RegistryToken, "ci", "", RegistryId: Registry), Alice, Token));
    }

    [Fact]
    public async Task A_change_keeps_the_token_s_principal_and_its_credentials()
    {
        await MapAsync("pull");
        await MapAsync("push");
        var made = (await Store.PutTokenAsync(Registry, "ci", "pull", true, Alice, Token)).Record!;
        await Store.PutCredentialAsync(made.Principal.Id, new CredentialRecord("k", CredentialKind.Secret, Now), Alice, Token);

        var (outcome, changed) = await Store.PutTokenAsync(Registry, "ci", "push", false, Alice, Token);

        Assert.Equal(CreateOutcome.Updated, outcome);
        Assert.Equal(made with { ScopeMap = "push", Principal = made.Principal with { Enabled = false, Epoch = 2 } }, changed);
        Assert.Single((await Store.FindTokenAsync(Registry, "ci", Token))!.Credentials);
    }

    [Fact]
    public async Task What_an_update_does_not_name_stays_and_one_that_cannot_be_changes_nothing()
    {
        await MapAsync("pull");
        await MapAsync("push");
        var made = (await Store.PutTokenAsync(Registry, "ci", "pull", true, Alice, Token)).Record!;
        foreach (var slot in new[] { "password1", "password2" })
            await Store.PutCredentialAsync(made.Principal.Id, new CredentialRecord($"key of {slot}", CredentialKind.Secret, Now) { Slot = slot }, Alice, Token);

        Assert.Equal(("pull", false, 2), Seen(await UpdateAsync(new RegistryTokenChanges(Enabled: false))));
        Assert.Equal(("push", false, 2), Seen(await UpdateAsync(new RegistryTokenChanges(ScopeMap: "push"))));
        foreach (var absent in new[] { Store.UpdateTokenAsync(Registry, "ci", new RegistryTokenChanges("none", true, []), Alice, Token), Store.UpdateTokenAsync(Registry, "cj", new RegistryTokenChanges("pull"), Alice, Token) })
            Assert.Equal(CreateOutcome.Unknown, (await absent).Outcome);
        Assert.Equal(("push", false, 2), Seen(await Store.FindTokenAsync(Registry, "ci", Token)));

        var epoch = (await Store.FindPrincipalByIdAsync(made.Principal.Id, Token))!.Epoch;
        Assert.Equal(("push", false, 1), Seen(await UpdateAsync(new RegistryTokenChanges(KeptSlots: ["password2"]))));
        Assert.Equal("password2", Assert.Single((await Store.FindTokenAsync(Registry, "ci", Token))!.Credentials).Slot);
        Assert.True((await Store.FindPrincipalByIdAsync(made.Principal.Id, Token))!.Epoch > epoch);
        Assert.Equal(("push", true, 0), Seen(await UpdateAsync(new RegistryTokenChanges(null, true, []))));

        static (string Map, bool Enabled, int Passwords) Seen(RegistryTokenGrant? grant) => (grant!.Token.ScopeMap, grant.Token.Principal.Enabled, grant.Credentials.Count);

        async Task<RegistryTokenGrant?> UpdateAsync(RegistryTokenChanges changes)
        {
            var (outcome, changed) = await Store.UpdateTokenAsync(Registry, "ci", changes, Alice, Token);
            Assert.Equal(CreateOutcome.Updated, outcome);
            Assert.Equivalent(await Store.FindTokenAsync(Registry, "ci", Token), changed, strict: true);
            return changed;
        }
    }

    [Fact]
    public async Task A_deleted_token_leaves_neither_principal_nor_credential()
    {
        await MapAsync("pull");
        var made = (await Store.PutTokenAsync(Registry, "ci", "pull", true, Alice, Token)).Record!;
        await Store.PutCredentialAsync(made.Principal.Id, new CredentialRecord("k", CredentialKind.Secret, Now), Alice, Token);

        Assert.True(await Store.DeleteTokenAsync(Registry, "ci", Alice, Token));

        Assert.False(await Store.DeleteTokenAsync(Registry, "ci", Alice, Token));
        Assert.Null(await Store.FindTokenAsync(Registry, "ci", Token));
        Assert.Null(await Store.FindPrincipalAsync("local/ci", Token));
        Assert.Empty(await Store.ListCredentialsAsync(made.Principal.Id, Token));
        var again = (await Store.PutTokenAsync(Registry, "ci", "pull", true, Alice, Token)).Record!;
        Assert.True(again.Principal.Id > made.Principal.Id);
    }

    [Fact]
    public async Task A_token_is_named_in_any_case_and_keeps_its_name()
    {
        await MapAsync("Pull");
        await MapAsync("push");
        var made = (await Store.PutTokenAsync(Registry, "Ci", "PULL", true, Alice, Token)).Record!;

        var (outcome, put) = await Store.PutTokenAsync(Registry, "cI", "PUSH", true, Alice, Token);
        var (again, updated) = await Store.UpdateTokenAsync(Registry, "CI", new RegistryTokenChanges("pull", false), Alice, Token);

        Assert.Equal(("Ci", "Pull"), (made.Name, made.ScopeMap));
        Assert.Equal((CreateOutcome.Updated, CreateOutcome.Updated), (outcome, again));
        Assert.Equal((made.Principal.Id, "Ci", "push"), (put!.Principal.Id, put.Name, put.ScopeMap));
        Assert.Equal((made.Principal.Id, "Ci", "Pull", false), (updated!.Token.Principal.Id, updated.Token.Name, updated.Token.ScopeMap, updated.Token.Principal.Enabled));
        Assert.Equivalent(updated, await Store.FindTokenInAnyCaseAsync(Registry, "ci", Token), strict: true);
        Assert.Equal("Ci", Assert.Single((await Store.ListTokensAsync(Registry, null, 10, Token)).Items).Name);
        Assert.Null(await Store.FindTokenAsync(Registry, "ci", Token));
        Assert.Null(await Store.FindTokenInAnyCaseAsync(Registry, "cj", Token));
        Assert.Null(await Store.FindTokenInAnyCaseAsync(Registry + 1, "Ci", Token));
        Assert.True(await Store.DeleteTokenAsync(Registry, "CI", Alice, Token));
        Assert.Null(await Store.FindTokenAsync(Registry, "Ci", Token));
        Assert.Null(await Store.FindPrincipalAsync("local/Ci", Token));
    }

    [Fact]
    public async Task A_scope_map_is_named_in_any_case_and_keeps_its_name()
    {
        await MapAsync("Team", "a");

        var (outcome, put) = await Store.PutScopeMapAsync(new ScopeMapRecord(Registry, "TEAM", "", ["b"], false), Alice, Token);
        var (again, updated) = await Store.UpdateScopeMapAsync(Registry, "team", "the team's", null, Alice, Token);

        Assert.Equal((CreateOutcome.Updated, CreateOutcome.Updated), (outcome, again));
        Assert.Equal(("Team", "b"), (put!.Name, Assert.Single(put.Actions)));
        Assert.Equal(("Team", "the team's"), (updated!.Name, updated.Description));
        Assert.Equivalent(updated, await Store.FindScopeMapAsync(Registry, "tEAM", Token), strict: true);
        Assert.Equal("Team", Assert.Single((await Store.ListScopeMapsAsync(Registry, null, 10, Token)).Items).Name);
        Assert.Equal(DeleteOutcome.Unknown, await Store.DeleteScopeMapAsync(Registry, "teams", Alice, Token));
        Assert.Equal(DeleteOutcome.Deleted, await Store.DeleteScopeMapAsync(Registry, "TEAM", Alice, Token));
        Assert.Null(await Store.FindScopeMapAsync(Registry, "Team", Token));
    }

    [Fact]
    public async Task A_letter_whose_lower_case_is_one_of_a_name_is_another_letter()
    {
        await MapAsync("kilo");
        await Store.PutTokenAsync(Registry, "kilo", "kilo", true, Alice, Token);

        const string Kelvin = "\u212Ailo";
        Assert.Null(await Store.FindScopeMapAsync(Registry, Kelvin, Token));
        Assert.Null(await Store.FindTokenInAnyCaseAsync(Registry, Kelvin, Token));
        Assert.False(await Store.DeleteTokenAsync(Registry, Kelvin, Alice, Token));
    }

    [Fact]
    public async Task Scope_maps_and_tokens_are_walked_by_name()
    {
        foreach (var name in new[] { "m2", "m0", "m1" }) await MapAsync(name);
        foreach (var name in new[] { "t2", "t0", "t1" }) await Store.PutTokenAsync(Registry, name, "m1", true, Alice, Token);

        Assert.Equal(["m0", "m1", "m2"], await WalkAsync(after => Store.ListScopeMapsAsync(Registry, after, 1, Token), map => map.Name));
        Assert.Equal(["t0", "t1", "t2"], await WalkAsync(after => Store.ListTokensAsync(Registry, after, 2, Token), token => token.Name));
        Assert.Empty((await Store.ListTokensAsync(Registry + 1, null, 2, Token)).Items);
    }

    private async Task MapAsync(string name, params string[] actions) =>
        Assert.Equal(CreateOutcome.Created, (await Store.PutScopeMapAsync(new ScopeMapRecord(Registry, name, "", actions, false), Alice, Token)).Outcome);
}
