using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Berth.Bench.Load;

/// <summary>The few system calls that a lean load generator needs; each failure throws with the error's name.</summary>
internal static unsafe partial class Native
{
    public const int Again = 11;
    public const int EventIn = 1;
    public const int EventOut = 4;

    /// <summary>Bytes of one epoll_event; packed on x86-64 alone.</summary>
    public static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private static readonly int EventDataOffset = EventSize - 8;

    /// <summary>A connected TCP socket without Nagle's delay.</summary>
    public static int Connect(IPEndPoint target)
    {
        var descriptor = Check(Socket(2, 1 | 0x80000, 0), "socket");
        Span<byte> address = stackalloc byte[16];
        address.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(address, 2);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], (ushort)target.Port);
        target.Address.TryWriteBytes(address[4..8], out _);
        fixed (byte* a = address) Check(Connect(descriptor, a, 16), "connect");

        var one = 1;
        Check(SetSocketOption(descriptor, 6, 1, &one, 4), "setsockopt");
        return descriptor;
    }

    public static void MakeNonBlocking(int descriptor) => Check(Control(descriptor, 4, 0x800), "fcntl");

    /// <summary>A blocking receive fails after this time.</summary>
    public static void SetReceiveTimeout(int descriptor, TimeSpan timeout)
    {
        var value = stackalloc long[] { (long)timeout.TotalSeconds, timeout.Milliseconds * 1000L };
        Check(SetSocketOption(descriptor, 1, 20, value, 16), "setsockopt");
    }

    public static int CreatePoll() => Check(EpollCreate(0x80000), "epoll_create1");

    public static void AddToPoll(int poll, int descriptor, int events, int data) => ControlPoll(poll, 1, descriptor, events, data);

    public static void ChangeInPoll(int poll, int descriptor, int events, int data) => ControlPoll(poll, 3, descriptor, events, data);

    /// <summary>Waits for events; their data words are read by <see cref="DataOf"/>.</summary>
    public static int Wait(int poll, byte[] events, int timeoutMilliseconds)
    {
        fixed (byte* e = events)
        {
            var count = EpollWait(poll, e, events.Length / EventSize, timeoutMilliseconds);
            return count < 0 && Marshal.GetLastPInvokeError() == 4 ? 0 : Check(count, "epoll_wait");
        }
    }

    public static int DataOf(byte[] events, int index) =>
        BinaryPrimitives.ReadInt32LittleEndian(events.AsSpan((index * EventSize) + EventDataOffset));

    /// <summary>Bytes sent, or -1 when a non-blocking socket has no room.</summary>
    public static int Send(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* b = bytes) return Retryable((int)Send(descriptor, b, (nuint)bytes.Length, 0x4000), "send");
    }

    /// <summary>Bytes received, 0 at the end, or -1 when a non-blocking socket has none.</summary>
    public static int Receive(int descriptor, Span<byte> buffer)
    {
        fixed (byte* b = buffer) return Retryable((int)Receive(descriptor, b, (nuint)buffer.Length, 0), "recv");
    }

    public static void Close(int descriptor) => Check(CloseDescriptor(descriptor), "close");

    /// <summary>Writes back everything dirty, so that one server's writes are not charged to the next.</summary>
    public static void FlushDisks() => Sync();

    private static void ControlPoll(int poll, int operation, int descriptor, int events, int data)
    {
        var e = stackalloc byte[16];
        *(int*)e = events;
        *(int*)(e + EventDataOffset) = data;
        Check(EpollControl(poll, operation, descriptor, e), "epoll_ctl");
    }

    private static int Retryable(int result, string call) =>
        result < 0 && Marshal.GetLastPInvokeError() == Again ? -1 : Check(result, call);

    private static int Check(int result, string call) =>
        result >= 0 ? result : throw new BenchException($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int Connect(int descriptor, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetSocketOption(int descriptor, int level, int name, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(int descriptor, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int descriptor, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int EpollControl(int poll, int operation, int descriptor, byte* e);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int EpollWait(int poll, byte* events, int max, int timeout);

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void Sync();
}
