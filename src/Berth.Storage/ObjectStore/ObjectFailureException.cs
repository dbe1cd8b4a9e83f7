namespace Berth.Storage.ObjectStore;

/// <summary>What a service's refusal or silence means.</summary>
internal enum ObjectFailure
{
    /// <summary>There is no such object, as the service said.</summary>
    Absent,

    /// <summary>There is no such upload of parts: it was completed or aborted, or never was.</summary>
    UploadGone,

    /// <summary>An object stands there already, which a conditional request does not replace.</summary>
    Present,

    /// <summary>There is no such bucket or container: nothing is known of any object.</summary>
    StoreAbsent,

    /// <summary>The credentials do not do, or do not allow this.</summary>
    Denied,

    /// <summary>The request is wrong, or one that this service does not know. Trying again does not help.</summary>
    Refused,

    /// <summary>Too many requests; the same one may pass later.</summary>
    Throttled,

    /// <summary>The service failed, broke off or was not reached; whether it acted is not known.</summary>
    Unreachable,
}

/// <summary>A call of a driver that did not succeed. Its message holds no secret: it may be logged and shown.</summary>
internal sealed class ObjectFailureException(ObjectFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What it means.</summary>
    public ObjectFailure Failure => failure;

    /// <summary>Whether the same call may succeed when it is made again.</summary>
    public bool IsTransient => failure is ObjectFailure.Throttled or ObjectFailure.Unreachable;

    /// <summary>Whether it is the service's answer to the question, and no failure of it.</summary>
    public bool IsAnswer => failure is ObjectFailure.Absent or ObjectFailure.UploadGone or ObjectFailure.Present;
}
