using System.Net;
using Amazon.S3;
using Berth.Storage.S3;

namespace Berth.Storage.Tests.ObjectStore;

/// <summary>What answers of an S3-compatible service mean for what was asked.</summary>
public sealed class S3FailuresTests
{
    [Theory]
    [InlineData("Object", "NoSuchKey", "Absent")]
    [InlineData("Object", "NotFound", "Absent")]
    [InlineData("Object", "NoSuchBucket", "StoreAbsent")]
    [InlineData("Parts", "NoSuchUpload", "UploadGone")]
    [InlineData("Parts", "", "UploadGone")]
    [InlineData("WholeParts", "NoSuchKey", "UploadGone")]
    [InlineData("WholeParts", "NoSuchUpload", "UploadGone")]
    public void A_404_is_an_answer_about_what_the_call_names(string named, string code, string expected) => Assert.Equal((expected, false), Translate(named, code));

    [Theory]
    [InlineData("Parts")]
    [InlineData("Nothing")]
    public void A_404_about_a_key_that_the_call_does_not_ask_for_is_a_failure_that_is_tried_again(string named) =>
        Assert.Equal(("Unreachable", true), Translate(named, "NoSuchKey"));

    private static (string Failure, bool IsTransient) Translate(string named, string code)
    {
        var failure = S3Failures.Translate(new AmazonS3Exception("No.") { StatusCode = HttpStatusCode.NotFound, ErrorCode = code }, Enum.Parse<S3Named>(named));
        return (failure.Failure.ToString(), failure.IsTransient);
    }
}
