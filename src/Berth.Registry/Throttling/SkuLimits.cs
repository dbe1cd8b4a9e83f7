namespace Berth.Registry.Throttling;

/// <summary>
/// The limits of Azure Container Registry's service tiers, as published in 2026, and of Azure's Resource Manager (a principal's bucket in a subscription, and fifteen times
/// that for all). Azure publishes no limit of one caller for tokens; half of the whole is what it gives one caller elsewhere.
/// </summary>
internal static class SkuLimits
{
    private const int CallersOfSubscription = 15;

    /// <summary>The limit of a class at a registry of a tier.</summary>
    public static RateLimit Of(string sku, LimitClass limited) => limited switch
    {
        LimitClass.ControlRead => new RateLimit(CallersOfSubscription * 1_500, 1_500),
        LimitClass.ControlWrite => new RateLimit(CallersOfSubscription * 600, 600),
        _ => sku == "Premium" ? OfPremium(limited) : OfStandard(limited),
    };

    private static RateLimit OfPremium(LimitClass limited) => limited switch
    {
        LimitClass.Read or LimitClass.Token => new RateLimit(20_000, 10_000),
        LimitClass.Write or LimitClass.Delete => new RateLimit(4_000, 2_000),
        LimitClass.Referrers => new RateLimit(2_000, 1_000),
        _ => RateLimit.None,
    };

    // Basic has the same.
    private static RateLimit OfStandard(LimitClass limited) => limited switch
    {
        LimitClass.Read or LimitClass.Token => new RateLimit(10_000, 5_000),
        LimitClass.Write => new RateLimit(2_000, 1_000),
        LimitClass.Delete => new RateLimit(1_000, 500),
        LimitClass.Referrers => new RateLimit(500, 250),
        _ => RateLimit.None,
    };
}
