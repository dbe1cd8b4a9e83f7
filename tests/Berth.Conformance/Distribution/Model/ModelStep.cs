namespace Berth.Conformance.Distribution.Model;

/// <summary>What a step of the model-based test does.</summary>
public enum ModelAction
{
    /// <summary>Pushes a blob in any style.</summary>
    PushBlob,

    /// <summary>Pushes a blob under a digest that is not its own.</summary>
    PushWrongBlob,

    /// <summary>Opens a session, sends something, and cancels it.</summary>
    CancelUpload,

    /// <summary>Mounts a blob from another repository.</summary>
    Mount,

    /// <summary>Mounts a blob from anywhere.</summary>
    MountAnywhere,

    /// <summary>Pushes an image, whether its blobs are there or not.</summary>
    PushImage,

    /// <summary>Pushes an image with all its blobs.</summary>
    PushWholeImage,

    /// <summary>Pushes an index, whether its children are there or not.</summary>
    PushIndex,

    /// <summary>Pushes a manifest that refers to another.</summary>
    PushReferrer,

    /// <summary>Puts a tag on a manifest that was pushed before.</summary>
    Retag,

    /// <summary>Deletes a tag.</summary>
    DeleteTag,

    /// <summary>Deletes a manifest.</summary>
    DeleteManifest,

    /// <summary>Deletes a blob.</summary>
    DeleteBlob,
}

/// <summary>One step: an action and numbers that choose what it is done to; any numbers are good, so that a failing run can be shrunk.</summary>
public readonly record struct ModelStep(ModelAction Action, int A, int B, int C, int D);
