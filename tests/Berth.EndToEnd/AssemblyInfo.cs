using System.Runtime.Versioning;
using Xunit.v3;

[assembly: SupportedOSPlatform("linux")]

// Most of their time they wait for processes that start, and for limits to pass.
[assembly: Parallelization(MaxThreads = 4)]
