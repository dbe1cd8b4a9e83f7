using Berth.Registry;
using Berth.Registry.Identity;
using Berth.Server.Configuration;
using Berth.Server.Logging;
using Berth.Server.Tls;

namespace Berth.Server.Hosting;

/// <summary>
/// The registry's process from start to end. What takes long (the stores, the certificate, the owner's password) runs beside the building of
/// the web host; the sockets open last, when everything behind them is good.
/// </summary>
internal static class BerthHost
{
    private const string OwnerPasswordVariable = "BERTH_OWNER_PASSWORD";

    /// <summary>Runs until the process is told to end; the result is the exit code.</summary>
    /// <exception cref="CannotStartException">It cannot start; the message says why.</exception>
    public static async Task<int> RunAsync(ServerOptions options, IReadOnlyList<string> unknownSettings, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        using var loggers = LoggingSetup.CreateFactory(options.Logging, time);
        var logger = loggers.CreateLogger(typeof(BerthHost));
        foreach (var setting in unknownSettings)
            HostLog.UnknownSetting(logger, setting);

        await using var stores = new Stores(options, time, loggers);
        await stores.LockAsync("berth serve", cancellationToken);
        using var certificates = new StartedEarly<ServerCertificates?>(() => CertificateSetup.Open(options, time, loggers));
        var opened = stores.OpenAsync(cancellationToken);

        var builder = HostBuilding.CreateBuilder(options, loggers, time);
        await opened;
        var owner = EnsureOwnerAsync(stores, loggers, cancellationToken);
        builder.Services.AddStores(stores);
        builder.Services.AddBerthRegistry(options.Registry);
        var tls = await certificates.GetAsync();
        builder.AddListeners(options, tls);

        await using var app = builder.Build();
        app.UseHost(options);
        if (await owner is { } generated)
        {
            // Once, and past the log: a secret has no place there.
            Console.Out.WriteLine($"The owner's password was generated and is shown only now. User: {OwnerAccount.Name}  Password: {generated}");
        }

        await StartListeningAsync(app, options, cancellationToken);
        app.Services.GetRequiredService<PublicNames>().SetBound(app.Urls);
        Console.Out.WriteLine($"Berth is ready: {string.Join(' ', app.Urls)} (registry {app.Services.GetRequiredService<PublicNames>().LoginServer(options.Registry.DefaultRegistry)})");
        HostLog.Ready(logger, string.Join(' ', app.Urls));
        return await WaitForEndAsync(app, stores, options, logger);
    }

    private static async Task<string?> EnsureOwnerAsync(Stores stores, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var account = new OwnerAccount(stores.Metadata, loggers.CreateLogger<OwnerAccount>());
        var configured = Environment.GetEnvironmentVariable(OwnerPasswordVariable);
        try
        {
            return await Task.Run(() => account.EnsureAsync(configured, cancellationToken), cancellationToken);
        }
        catch (ArgumentException)
        {
            throw new CannotStartException($"{OwnerPasswordVariable} is empty or too long; allowed are 1 to {PasswordHash.MaxPasswordBytes} bytes.");
        }
    }

    private static async Task StartListeningAsync(WebApplication app, ServerOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception e) when (ListenFailure.Describe(e, options) is { } sentence)
        {
            // What was started already is stopped, not torn down.
            await app.StopAsync(cancellationToken);
            throw new CannotStartException(sentence, e);
        }
    }

    private static async Task<int> WaitForEndAsync(WebApplication app, Stores stores, ServerOptions options, ILogger logger)
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Lifetime.ApplicationStopping.Register(() => stopping.TrySetResult());
        var ended = await Task.WhenAny(stopping.Task, stores.Faulted);
        if (ended == stores.Faulted)
            HostLog.MetadataFaulted(logger, await stores.Faulted);

        HostLog.Draining(logger, options.Shutdown.DrainTimeout.TotalSeconds);
        using var limit = new CancellationTokenSource(options.Shutdown.DrainTimeout);
        try
        {
            await app.StopAsync(limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // Said below: what was in flight is cut off, which is what the limit is for.
        }

        if (limit.IsCancellationRequested)
            HostLog.DrainTimedOut(logger, options.Shutdown.DrainTimeout.TotalSeconds);
        return ended == stores.Faulted ? ExitCodes.Failure : ExitCodes.Success;
    }
}
