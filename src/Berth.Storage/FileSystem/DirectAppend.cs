using System.Buffers;
using Berth.Storage.FileSystem.Operations;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.FileSystem;

/// <summary>
/// A stretch of an append that goes past the page cache: bytes are gathered in blocks, and full ones are written on threads of their own
/// while the next is filled. One caller at a time; <see cref="FlushAsync"/> ends the stretch.
/// </summary>
/// <param name="files">The operating system's files.</param>
/// <param name="io">Sizes, and the place that is given back at the end.</param>
/// <param name="memory">Memory for the blocks; it is given back at the end.</param>
/// <param name="direct">The file, opened to write past the cache; closed with this.</param>
/// <param name="cached">The same file through the cache, for what is less than a block.</param>
/// <param name="start">Where the stretch begins, a multiple of <see cref="DirectIo.Alignment"/>.</param>
internal sealed class DirectAppend(
    IFileOperations files, DirectIo io, IReadOnlyList<AlignedBlock> memory, SafeFileHandle direct, SafeFileHandle cached, long start) : IAsyncDisposable
{
    private readonly Block[] _blocks = [.. memory.Select(pages => new Block(pages))];
    private int _current;
    private int _filled;
    private long _offset = start;

    /// <summary>The offset behind the last byte taken.</summary>
    public long Position => _offset + _filled;

    /// <summary>The offset up to which all bytes have been written to the file; after a failure, they stand no further.</summary>
    public long Standing
    {
        get
        {
            var standing = _offset;
            foreach (var block in _blocks)
            {
                if (!block.Write.IsCompletedSuccessfully) standing = Math.Min(standing, block.Offset);
            }

            return standing;
        }
    }

    /// <summary>Takes bytes; waits for the disk when all blocks are full.</summary>
    /// <exception cref="FileOperationException">An earlier block could not be written.</exception>
    public async ValueTask WriteAsync(ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
        {
            for (var rest = segment; !rest.IsEmpty;)
            {
                var block = _blocks[_current];
                if (_filled == 0) await block.Write;

                var taken = Math.Min(rest.Length, io.BlockSize - _filled);
                rest[..taken].CopyTo(block.Memory.Memory[_filled..]);
                rest = rest[taken..];
                _filled += taken;
                if (_filled == io.BlockSize) Submit(block);
            }
        }
    }

    /// <summary>Completes when all bytes taken have been written; says nothing about durability.</summary>
    /// <exception cref="FileOperationException">A block could not be written; nothing is written by this any more.</exception>
    public async Task FlushAsync()
    {
        await Task.WhenAll(_blocks.Select(block => block.Write));
        if (_filled == 0) return;

        // Less than a block, and seldom a whole number of the disk's: the cache takes it.
        var rest = new ReadOnlySequence<byte>(_blocks[_current].Memory.Memory[.._filled]);
        await io.Lane.RunAsync((files, cached, rest, _offset), static work => work.files.Write(work.cached, work.rest, work._offset), CancellationToken.None);
        _offset += _filled;
        _filled = 0;
    }

    /// <summary>Completes when nothing is being written any more, whatever came of it.</summary>
    public Task SettledAsync() => Task.WhenAll(_blocks.Select(block => block.Write)).ContinueWith(static writes => _ = writes.Exception, TaskScheduler.Default);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await SettledAsync();
        foreach (var block in _blocks) ((IDisposable)block.Memory).Dispose();
        direct.Dispose();
        io.Leave();
    }

    private void Submit(Block block)
    {
        block.Offset = _offset;
        block.Write = io.Lane.RunAsync((this, block), static work => work.Item1.Write(work.block), CancellationToken.None);
        _offset += io.BlockSize;
        _filled = 0;
        _current = (_current + 1) % _blocks.Length;
    }

    private void Write(Block block)
    {
        var bytes = new ReadOnlySequence<byte>(block.Memory.Memory);
        try
        {
            files.Write(direct, bytes, block.Offset);
        }
        catch (FileOperationException e) when (e.Errno == Errno.Invalid)
        {
            // A disk with other blocks than any we know of.
            files.Write(cached, bytes, block.Offset);
        }
    }

    private sealed class Block(AlignedBlock memory)
    {
        public AlignedBlock Memory => memory;

        public long Offset { get; set; }

        public Task Write { get; set; } = Task.CompletedTask;
    }
}
