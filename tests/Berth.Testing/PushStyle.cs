namespace Berth.Testing;

/// <summary>The ways in which a client may send a blob (OCI distribution spec, "Pushing blobs").</summary>
public enum PushStyle
{
    /// <summary>One POST with the digest and all bytes.</summary>
    Post,

    /// <summary>POST, then one PUT with all bytes.</summary>
    PostPut,

    /// <summary>POST, one PATCH with all bytes, PUT without any.</summary>
    PatchOnce,

    /// <summary>POST, several PATCHes with Content-Range, PUT without bytes.</summary>
    Chunks,

    /// <summary>POST, several PATCHes with Content-Range, the last chunk in the PUT.</summary>
    LastChunkInPut,

    /// <summary>POST, one PATCH of unknown length without Content-Range, PUT without bytes.</summary>
    Stream,

    /// <summary>POST, one PUT of unknown length.</summary>
    StreamPut,
}
