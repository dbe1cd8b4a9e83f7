using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Events;

/// <summary>Wires the diagnostic logs.</summary>
internal static class EventServices
{
    /// <summary>Adds the feature's services; the host adds the <see cref="IDiagnosticSink"/>, where one is used.</summary>
    public static IServiceCollection AddDiagnostics(this IServiceCollection services, DiagnosticsOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<DiagnosticMetrics>();
        services.AddSingleton<DiagnosticEvents>();
        services.AddSingleton<RepositoryEventReader>();
        services.AddSingleton<DiagnosticLog>();
        services.AddHostedService(s => s.GetRequiredService<DiagnosticLog>());
        return services;
    }
}
