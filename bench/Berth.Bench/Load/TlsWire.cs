using System.Net;
using System.Runtime.InteropServices;

namespace Berth.Bench.Load;

/// <summary>
/// A TLS connection over OpenSSL itself, leaner than a managed stream. It offers the cipher suites in the order of Go's clients (docker,
/// containerd, podman, helm), and HTTP/1.1 alone. Certificates are not checked: both servers are ours.
/// </summary>
internal sealed unsafe partial class TlsWire : Wire
{
    private const string Suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
    private const int SetReadAhead = 41;

    private static readonly nint Context = CreateContext();

    private readonly nint _session;

    public TlsWire(IPEndPoint target) : base(target)
    {
        _session = New(Context);
        if (SetDescriptor(_session, Descriptor) != 1 || Connect(_session) != 1) throw new BenchException("the TLS handshake failed");
    }

    /// <summary>The suite that the server chose.</summary>
    public string Cipher => Marshal.PtrToStringUTF8(CipherName(CurrentCipher(_session))) ?? "?";

    public override int Receive(Span<byte> buffer)
    {
        fixed (byte* b = buffer)
        {
            var received = Read(_session, b, buffer.Length);
            return received > 0 ? received : throw new BenchException("the server ended or stalled a TLS connection");
        }
    }

    public override void Send(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* b = bytes)
        {
            if (Write(_session, b, bytes.Length) != bytes.Length) throw new BenchException("sending over TLS failed");
        }
    }

    public override void Dispose()
    {
        Free(_session);
        base.Dispose();
    }

    private static nint CreateContext()
    {
        var context = NewContext(ClientMethod());
        if (SetSuites(context, Suites) != 1) throw new BenchException("OpenSSL refuses the cipher suites");
        ControlContext(context, SetReadAhead, 1, 0);
        SetReadBuffer(context, 256 * 1024);
        return context;
    }

    [LibraryImport("libssl.so.3", EntryPoint = "TLS_client_method")]
    private static partial nint ClientMethod();

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_CTX_new")]
    private static partial nint NewContext(nint method);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_CTX_set_ciphersuites", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetSuites(nint context, string suites);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_CTX_ctrl")]
    private static partial nint ControlContext(nint context, int command, nint value, nint pointer);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_CTX_set_default_read_buffer_len")]
    private static partial void SetReadBuffer(nint context, nuint length);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_new")]
    private static partial nint New(nint context);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_free")]
    private static partial void Free(nint session);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_set_fd")]
    private static partial int SetDescriptor(nint session, int descriptor);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_connect")]
    private static partial int Connect(nint session);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_read")]
    private static partial int Read(nint session, byte* buffer, int length);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_write")]
    private static partial int Write(nint session, byte* buffer, int length);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_get_current_cipher")]
    private static partial nint CurrentCipher(nint session);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_CIPHER_get_name")]
    private static partial nint CipherName(nint cipher);
}
