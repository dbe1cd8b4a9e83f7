using System.Diagnostics.CodeAnalysis;

namespace Berth.Registry.Identity.Authorization;

/// <summary>
/// The condition of a role assignment, in the language of Azure's conditions of version 2.0, over the name of the repository that is asked for.
/// </summary>
public sealed class RoleCondition
{
    /// <summary>The longest condition, in characters, which is Azure's limit.</summary>
    public const int MaxLength = 8_192;

    /// <summary>The only version of the language.</summary>
    public const string Version = "2.0";

    private readonly ConditionNode _root;

    private RoleCondition(string text, ConditionNode root) => (Text, _root) = (text, root);

    /// <summary>The condition as it was written.</summary>
    public string Text { get; }

    /// <summary>Reads a condition; the error says where it ends to be one.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RoleCondition? condition, [NotNullWhen(false)] out ConditionError? error)
    {
        condition = null;
        if (text.Length > MaxLength)
        {
            error = new(MaxLength + 1, $"it is longer than {MaxLength} characters.");
            return false;
        }

        var parser = new ConditionParser(text);
        error = null;
        if (parser.ReadAll() is not { } root)
        {
            error = parser.Error!;
            return false;
        }

        condition = new(text, root);
        return true;
    }

    /// <summary>The repositories for which the condition holds when the action, in Azure's words, is asked for.</summary>
    public NameSet Permits(string action) => _root.Compile(action);

    /// <summary>The condition as it was written.</summary>
    public override string ToString() => Text;

    /// <summary>The condition as a tree.</summary>
    internal ConditionNode Root => _root;
}
