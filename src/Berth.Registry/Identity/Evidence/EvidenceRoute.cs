using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Evidence;

/// <summary>One of an auditor's questions.</summary>
/// <param name="Question">The last part of its path.</param>
/// <param name="About">What it may be asked about.</param>
/// <param name="AnswerAsync">Answers it.</param>
internal sealed record EvidenceRoute(string Question, EvidenceSubject About, Func<EvidenceCall, Task> AnswerAsync);

/// <summary>What a question is about.</summary>
[Flags]
internal enum EvidenceSubject
{
    /// <summary>A registry.</summary>
    Registry = 1,

    /// <summary>What belongs to no registry: the authority, the directory and the subscription.</summary>
    Installation = 2,
}

/// <summary>A question that was asked by somebody who may.</summary>
/// <param name="Context">The request.</param>
/// <param name="Registry">The registry it is about, or null when it is about the installation.</param>
/// <param name="KnowsEverybody">Whether the caller may ask about the subscription, and so about anybody.</param>
internal sealed record EvidenceCall(HttpContext Context, RegistryRecord? Registry, bool KnowsEverybody);
