using Berth.Registry;
using Berth.Registry.Identity;
using Berth.Registry.Network;
using Berth.Server.Configuration;
using Berth.Server.LocalFiles;
using Berth.Server.Logging;
using Berth.Server.Tls;

namespace Berth.Server.Hosting;

/// <summary>
/// The registry's process from start to end. What takes long (the stores, the certificate) runs beside the building of the web host; the
/// sockets open last, when everything behind them is good. Whether the owner's password was changed takes a slow hash to say: sign-ins wait for
/// that, the start does not.
/// </summary>
internal static class BerthHost
{
    private const string OwnerPasswordVariable = "BERTH_OWNER_PASSWORD";

    /// <summary>Runs until the process is told to end; the result is the exit code.</summary>
    /// <exception cref="CannotStartException">It cannot start; the message says why.</exception>
    public static async Task<int> RunAsync(ServerOptions options, IReadOnlyList<string> unknownSettings, CancellationToken cancellationToken)
    {
        var node = TimeProvider.System;
        using var loggers = LoggingSetup.CreateFactory(options.Logging, node);
        var logger = loggers.CreateLogger(typeof(BerthHost));
        foreach (var setting in unknownSettings)
            HostLog.UnknownSetting(logger, setting);

        await using var stores = new Stores(options, node, loggers);
        await stores.LockAsync("berth serve", cancellationToken);
        using var certificates = new StartedEarly<ServerCertificates?>(() => CertificateSetup.Open(options, node, loggers));
        var opened = stores.OpenAsync(cancellationToken);
        var builder = HostBuilding.CreateBuilder(options, loggers, stores.Time, node);
        await opened;
        var owner = await EnsureOwnerAsync(stores, loggers, cancellationToken);
        builder.Services.AddStores(stores);
        builder.Services.AddSingleton(owner);
        if (options.Registry.Outbound.TrustedCertificates is { Count: > 0 } trusted)
            builder.Services.AddSingleton(new OutboundTrust(CertificateFiles.ReadTrusted(trusted)));
        builder.Services.AddBerthRegistry(WithSecrets(options.Registry) with { Admission = AdmissionDefaults.Of(options) });
        builder.AddListeners(options, await certificates.GetAsync());

        await using var app = builder.Build();
        app.UseHost(options);
        await StartAsync(app, options, cancellationToken);
        Announce(app, options, logger);
        return await WaitForEndAsync(app, stores, owner.SettleAsync(), options, logger);
    }

    private static RegistryOptions WithSecrets(RegistryOptions options)
    {
        if (options.Identity.Provider is not { ClientSecretFile: { } file } provider) return options;
        var secret = SecretFile.Read("Identity:Provider:ClientSecretFile", file);
        return options with { Identity = options.Identity with { Provider = provider with { ClientSecret = secret } } };
    }

    private static void Announce(WebApplication app, ServerOptions options, ILogger logger)
    {
        var names = app.Services.GetRequiredService<PublicNames>();
        names.SetBound(app.Urls);
        var addresses = string.Join(' ', app.Urls);
        Console.Out.WriteLine($"Berth is ready: {addresses} (registry {names.LoginServer(options.Registry.DefaultRegistry)})");
        HostLog.Ready(logger, addresses);
        ServiceNotice.Ready(logger);
    }

    private static async Task<OwnerAccount> EnsureOwnerAsync(Stores stores, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var account = new OwnerAccount(stores.Metadata, loggers.CreateLogger<OwnerAccount>());
        var configured = Environment.GetEnvironmentVariable(OwnerPasswordVariable);
        try
        {
            // Shown once, and past the log: a secret has no place there.
            if (await account.EnsureAsync(configured, cancellationToken) is { } generated)
                Console.Out.WriteLine($"The owner's password was generated and is shown only now. User: {OwnerAccount.Name}  Password: {generated}");
            return account;
        }
        catch (ArgumentException)
        {
            throw new CannotStartException($"{OwnerPasswordVariable} is empty or too long; allowed are 1 to {PasswordHash.MaxPasswordBytes} bytes.");
        }
    }

    private static async Task StartAsync(WebApplication app, ServerOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception e)
        {
            // What was started already is stopped, not torn down.
            await app.StopAsync(cancellationToken);
            if (ListenFailure.Describe(e, options) is { } sentence)
                throw new CannotStartException(sentence, e);
            throw;
        }
    }

    private static async Task<int> WaitForEndAsync(WebApplication app, Stores stores, Task ownerSettled, ServerOptions options, ILogger logger)
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Lifetime.ApplicationStopping.Register(() => stopping.TrySetResult());
        var faulted = LogFaultAsync(stores.Faulted, ownerSettled, logger);
        var ended = await Task.WhenAny(stopping.Task, faulted);

        // At once: the delay alone may be longer than a unit allows.
        var delay = ended == faulted ? TimeSpan.Zero : options.Shutdown.Delay;
        ServiceNotice.Stopping(delay + options.Shutdown.DrainTimeout, logger);
        if (delay > TimeSpan.Zero)
        {
            HostLog.LeavingBalancer(logger, delay.TotalSeconds);
            await Task.WhenAny(Task.Delay(delay, CancellationToken.None), faulted);
        }

        HostLog.Draining(logger, options.Shutdown.DrainTimeout.TotalSeconds);
        using var limit = new CancellationTokenSource(options.Shutdown.DrainTimeout);
        try
        {
            await app.StopAsync(limit.Token);
        }
        catch (Exception e) when (limit.IsCancellationRequested && IsCutOff(e))
        {
            // Said below: what was in flight is cut off, which is what the limit is for.
        }

        // It writes to the stores, which go next.
        await ownerSettled.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (limit.IsCancellationRequested)
            HostLog.DrainTimedOut(logger, options.Shutdown.DrainTimeout.TotalSeconds);
        return ended == faulted || app.Services.GetRequiredService<FeatureWiring>().HasFailed ? ExitCodes.Failure : ExitCodes.Success;
    }

    // The host tells of one service that did not end in time by its exception, and of several by one that holds theirs.
    private static bool IsCutOff(Exception error) =>
        error is OperationCanceledException || (error is AggregateException several && several.Flatten().InnerExceptions.All(one => one is OperationCanceledException));

    /// <summary>Completes when the process must end, and says why.</summary>
    private static async Task LogFaultAsync(Task<Exception> storesFaulted, Task ownerSettled, ILogger logger)
    {
        await Task.WhenAny(storesFaulted, ownerSettled);
        if (ownerSettled.IsFaulted)
        {
            // The old password would stay good, which the operator may have taken back.
            HostLog.OwnerNotSettled(logger, ownerSettled.Exception.GetBaseException());
            return;
        }

        HostLog.MetadataFaulted(logger, await storesFaulted);
    }
}
