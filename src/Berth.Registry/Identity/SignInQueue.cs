using System.Net;
using Berth.Registry.Network;

namespace Berth.Registry.Identity;

/// <summary>
/// How many sign-ins wait for their slow hash, in all and from one network address: a flood from one place must leave room for others.
/// </summary>
internal sealed class SignInQueue
{
    private const int MaxWaiting = 64;
    private const int MaxWaitingOfAddress = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private int _waiting;

    /// <summary>Takes a place; false when the queue, or the address's part of it, is full.</summary>
    public bool TryEnter(IPAddress? address)
    {
        var source = SourceAddress.Of(address);
        lock (_lock)
        {
            var ofAddress = _byAddress.GetValueOrDefault(source);
            if (_waiting >= MaxWaiting || ofAddress >= MaxWaitingOfAddress) return false;
            _byAddress[source] = ofAddress + 1;
            _waiting++;
            return true;
        }
    }

    /// <summary>Gives the place back.</summary>
    public void Leave(IPAddress? address)
    {
        var source = SourceAddress.Of(address);
        lock (_lock)
        {
            _waiting--;
            if (--_byAddress[source] == 0) _byAddress.Remove(source);
        }
    }
}
