using System.Runtime.Versioning;
using Berth.EndToEnd.Harness;

[assembly: SupportedOSPlatform("linux")]
[assembly: TestCollectionOrderer(typeof(LongestFirst))]
