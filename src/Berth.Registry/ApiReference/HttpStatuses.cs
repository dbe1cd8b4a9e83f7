namespace Berth.Registry.ApiReference;

/// <summary>What HTTP's statuses mean in this API.</summary>
internal static class HttpStatuses
{
    /// <summary>A sentence about a status.</summary>
    public static string Describe(int status) => status switch
    {
        200 => "Done.",
        201 => "Made.",
        202 => "Accepted.",
        204 => "Done, or there was nothing to do.",
        206 => "A part of it.",
        302 => "The way leads on elsewhere.",
        304 => "The client has it already.",
        400 => "The request says something that cannot be; the message names it.",
        401 => "A credential is missing or good no more.",
        403 => "The caller may not do this.",
        404 => "There is no such thing, or not for this caller.",
        405 => "The method is not supported here; see the Allow header.",
        409 => "It cannot be done as things stand: something is locked, in use, or there already.",
        412 => "The precondition does not hold.",
        413 => "The body is too large.",
        415 => "The body is encoded.",
        416 => "The range is none of the content, or does not go on where the last one ended.",
        429 => "Too much at once; see the Retry-After header.",
        503 => "What the server needs does not answer at this moment; see the Retry-After header.",
        507 => "The volume is full.",
        _ => "An answer.",
    };
}
