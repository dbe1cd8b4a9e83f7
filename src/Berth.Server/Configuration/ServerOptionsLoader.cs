using System.Collections;
using Berth.Server.LocalFiles;

namespace Berth.Server.Configuration;

/// <summary>Puts the settings together: defaults, then the configuration file, then <c>BERTH_</c> variables, then flags; the later wins.</summary>
internal static class ServerOptionsLoader
{
    /// <summary>The options, and how settings were given that no option has.</summary>
    /// <exception cref="CannotStartException">A value is not allowed; the message names each, one sentence a line.</exception>
    public static (ServerOptions Options, IReadOnlyList<string> Unknown) Load(ServeArguments arguments, IDictionary variables)
    {
        var layers = new SettingLayers();
        if (arguments.Config is { } path)
            layers.AddFile(path, ConfigurationFile.Read(path));
        layers.AddVariables(variables);
        foreach (var (flag, key, value) in arguments.Settings())
            layers.AddFlag(flag, key, value);

        var binder = new OptionsBinder(layers);
        var options = binder.Bind<ServerOptions>();
        IReadOnlyList<string> errors = binder.Errors.Count > 0 ? binder.Errors : ServerOptionsValidation.Validate(options);
        if (errors.Count > 0)
            throw new CannotStartException(string.Join(Environment.NewLine, errors));
        return (options, layers.Unknown());
    }
}
