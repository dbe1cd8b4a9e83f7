using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry;

/// <summary>The features' endpoints, made once the host listens. When that fails the process ends: it would answer nothing but errors.</summary>
public sealed partial class FeatureWiring
{
    private readonly Lazy<IFeatureRoutes[]> _features;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly ILogger<FeatureWiring> _logger;

    /// <summary>Makes nothing yet.</summary>
    public FeatureWiring(IServiceProvider services, IHostApplicationLifetime lifetime, ILogger<FeatureWiring> logger)
    {
        _features = new Lazy<IFeatureRoutes[]>(() => [.. services.GetServices<IFeatureRoutes>()]);
        (_lifetime, _logger) = (lifetime, logger);
    }

    /// <summary>Whether it failed; the process is ending then.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>The endpoints; whoever asks first makes them.</summary>
    internal IFeatureRoutes[] Features => _features.Value;

    /// <summary>Makes them.</summary>
    internal void Complete()
    {
        try
        {
            _ = Features;
        }
        catch (Exception e) when (!_lifetime.ApplicationStopping.IsCancellationRequested)
        {
            HasFailed = true;
            LogFailed(e);
            _lifetime.StopApplication();
        }
    }
}
