using System.Buffers;
using System.Text.Json;

namespace Berth.Oci.Parsing;

/// <summary>
/// The keys met so far in a JSON text, each with the object it stands in, to find duplicates. An open-addressing table of offsets into the
/// text: it holds no strings, so its size depends only on the number of keys, which is limited.
/// </summary>
internal ref struct SeenKeys
{
    private const int InitialSlots = 256;
    private const int StackChars = 256;

    private readonly ReadOnlySpan<byte> _text;
    private Slot[]? _slots;
    private int _mask;
    private int _count;

    public SeenKeys(ReadOnlySpan<byte> text) => _text = text;

    /// <summary>How an addition ended.</summary>
    public enum Outcome
    {
        /// <summary>The key is new in its object.</summary>
        Added,

        /// <summary>The object has the key already.</summary>
        Duplicate,

        /// <summary>The text has more keys than are remembered.</summary>
        Full,
    }

    /// <summary>Adds the property name the reader stands on, as a key of the numbered object.</summary>
    public Outcome Add(ref Utf8JsonReader reader, int container)
    {
        if (_count == OciLimits.ManifestKeys) return Outcome.Full;
        if (_slots is null) Rent(InitialSlots);
        else if (_count * 2 >= _mask) Grow();

        // string.GetHashCode is keyed per process, so a hostile text cannot choose keys that collide.
        char[]? rented = null;
        var length = reader.ValueSpan.Length;
        var buffer = length <= StackChars ? stackalloc char[StackChars] : rented = ArrayPool<char>.Shared.Rent(length);
        try
        {
            var name = buffer[..reader.CopyString(buffer)];
            var hash = unchecked(string.GetHashCode(name) + (container * (int)0x9E3779B1));
            var i = hash & _mask;
            while (_slots![i].Container != 0)
            {
                if (_slots[i].Hash == hash && _slots[i].Container == container && IsAt(_slots[i].Offset, name)) return Outcome.Duplicate;
                i = (i + 1) & _mask;
            }

            _slots[i] = new Slot(hash, container, (int)reader.TokenStartIndex);
            _count++;
            return Outcome.Added;
        }
        finally
        {
            if (rented is not null) ArrayPool<char>.Shared.Return(rented);
        }
    }

    /// <summary>Gives the table back.</summary>
    public void Dispose()
    {
        if (_slots is not null) ArrayPool<Slot>.Shared.Return(_slots);
        _slots = null;
    }

    private readonly bool IsAt(int offset, ReadOnlySpan<char> name)
    {
        var reader = new Utf8JsonReader(_text[offset..], isFinalBlock: false, default);
        return reader.Read() && reader.ValueTextEquals(name);
    }

    private void Grow()
    {
        var old = _slots!;
        var used = _mask + 1;
        Rent(used * 2);
        foreach (var slot in old.AsSpan(0, used))
        {
            if (slot.Container == 0) continue;
            var i = slot.Hash & _mask;
            while (_slots![i].Container != 0) i = (i + 1) & _mask;
            _slots[i] = slot;
        }

        ArrayPool<Slot>.Shared.Return(old);
    }

    private void Rent(int slots)
    {
        _slots = ArrayPool<Slot>.Shared.Rent(slots);
        _slots.AsSpan(0, slots).Clear();
        _mask = slots - 1;
    }

    /// <summary>A key: its hash, the number of its object (0 means the slot is free), and where its quote stands in the text.</summary>
    private readonly record struct Slot(int Hash, int Container, int Offset);
}
