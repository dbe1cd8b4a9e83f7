namespace Berth.Registry.Throttling;

/// <summary>The kinds of requests that have a limit of their own, as Azure Container Registry and Azure's Resource Manager tell them apart.</summary>
internal enum LimitClass
{
    /// <summary>GET, HEAD and OPTIONS at a registry.</summary>
    Read,

    /// <summary>PUT, PATCH and POST at a registry.</summary>
    Write,

    /// <summary>DELETE at a registry.</summary>
    Delete,

    /// <summary>Lists of referrers; each counts as a read, too.</summary>
    Referrers,

    /// <summary>Requests to a registry's token service, and to the authority.</summary>
    Token,

    /// <summary>GET and HEAD at the control plane and the directory.</summary>
    ControlRead,

    /// <summary>Everything else at the control plane and the directory.</summary>
    ControlWrite,
}

/// <summary>How classes are told apart and named.</summary>
internal static class LimitClasses
{
    /// <summary>The class of a request to a registry, by its method (RFC 9110, 9.3); a method that there is not counts as a read, for it changes nothing.</summary>
    public static LimitClass OfData(string method) => method switch
    {
        "PUT" or "PATCH" or "POST" => LimitClass.Write,
        "DELETE" => LimitClass.Delete,
        _ => LimitClass.Read,
    };

    /// <summary>The class of a request to the control plane, by its method.</summary>
    public static LimitClass OfControl(string method) => method is "GET" or "HEAD" ? LimitClass.ControlRead : LimitClass.ControlWrite;

    /// <summary>The class in metrics and logs.</summary>
    public static string Name(this LimitClass limited) => limited switch
    {
        LimitClass.Read => "read",
        LimitClass.Write => "write",
        LimitClass.Delete => "delete",
        LimitClass.Referrers => "referrers",
        LimitClass.Token => "token",
        LimitClass.ControlRead => "control.read",
        _ => "control.write",
    };

    /// <summary>What requests of the class are, for a sentence.</summary>
    public static string Plural(this LimitClass limited) => limited switch
    {
        LimitClass.Read => "reads",
        LimitClass.Write => "writes",
        LimitClass.Delete => "deletes",
        LimitClass.Referrers => "lists of referrers",
        LimitClass.Token => "requests for tokens",
        LimitClass.ControlRead => "reads of the control plane",
        _ => "changes by the control plane",
    };
}
