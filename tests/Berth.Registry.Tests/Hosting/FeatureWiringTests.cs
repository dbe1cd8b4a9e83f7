using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Tests.Hosting;

/// <summary>Features that are made after the host listens.</summary>
public sealed class FeatureWiringTests
{
    [Fact]
    public async Task A_feature_that_cannot_be_made_ends_the_process_and_says_why()
    {
        using var log = new CriticalLines();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton<FeatureWiring>();
        builder.Services.AddSingleton<IFeatureRoutes>(_ => throw new InvalidOperationException("it lacks something"));
        await using var app = builder.Build();
        app.UseBerthRegistry();
        var stopping = new TaskCompletionSource();
        app.Lifetime.ApplicationStopping.Register(stopping.SetResult);

        await app.StartAsync(TestContext.Current.CancellationToken);
        await stopping.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.True(app.Services.GetRequiredService<FeatureWiring>().HasFailed);
        Assert.Equal(["it lacks something"], log.Causes);
    }

    private sealed class CriticalLines : ILoggerProvider, ILogger
    {
        public List<string?> Causes { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Critical;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) Causes.Add(exception?.Message);
        }

        public void Dispose()
        {
        }
    }
}
