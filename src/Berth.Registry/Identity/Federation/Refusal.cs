namespace Berth.Registry.Identity.Federation;

/// <summary>Why an assertion does not prove that its bearer is the principal. Only the log learns it.</summary>
internal enum Refusal
{
    /// <summary>It is not refused.</summary>
    None,

    /// <summary>It is too long, or not a JWT.</summary>
    Malformed,

    /// <summary>Its algorithm is not one that is taken.</summary>
    Algorithm,

    /// <summary>None of the principal's federated credentials has its issuer.</summary>
    Issuer,

    /// <summary>None of the issuer's has its subject.</summary>
    Subject,

    /// <summary>None of the subject's has one of its audiences.</summary>
    Audience,

    /// <summary>It does not say when it ends.</summary>
    NoExpiry,

    /// <summary>It has ended.</summary>
    Expired,

    /// <summary>It is not yet good, or was issued in the future.</summary>
    NotYetValid,

    /// <summary>The issuer's keys cannot be had.</summary>
    NoKeys,

    /// <summary>The issuer has no key that it names, or several.</summary>
    UnknownKey,

    /// <summary>The issuer's key did not make its signature.</summary>
    Signature,
}
