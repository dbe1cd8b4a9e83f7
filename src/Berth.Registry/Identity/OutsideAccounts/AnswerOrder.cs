namespace Berth.Registry.Identity.OutsideAccounts;

/// <summary>
/// Lets the later one of two answers of the provider about a person stand, when both were asked for at the same time and cross on their way. Later is what
/// the provider's clock says, and within its second, what was asked for later.
/// </summary>
internal sealed class AnswerOrder : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    // By what was counted when they began; the first is the oldest.
    private readonly SortedSet<long> _open = [];
    private readonly Dictionary<(string Issuer, string Subject), Stored> _stored = [];
    private long _count;

    /// <summary>Begins a question to the provider. Until it is disposed of, what other questions' answers store is remembered.</summary>
    public Question Begin()
    {
        lock (_lock)
        {
            var question = new Question(this, ++_count);
            _open.Add(question.Number);
            return question;
        }
    }

    /// <summary>Stores the answer to a question, one at a time for a person; or does what is to be done instead when a later answer was stored.</summary>
    /// <param name="question">The question.</param>
    /// <param name="person">Whom it is about.</param>
    /// <param name="answeredAt">When the provider answered, in seconds of its clock.</param>
    /// <param name="store">Stores the answer.</param>
    /// <param name="leave">Leaves what stands.</param>
    public async Task<T> PutAsync<T>(Question question, (string Issuer, string Subject) person, double answeredAt, Func<Task<T>> store, Func<Task<T>> leave)
    {
        // Never for long: what is waited for is a write.
        var turn = _turns[(uint)person.GetHashCode() % _turns.Length];
        await turn.WaitAsync(CancellationToken.None);
        try
        {
            if (IsPassed(question, person, answeredAt)) return await leave();
            var result = await store();
            lock (_lock) _stored[person] = new Stored(++_count, answeredAt, question.Number);
            return result;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(_turns, turn => turn.Dispose());

    // What was stored before the question began says nothing about it: its answer is the later one, whatever the provider's clock does.
    private bool IsPassed(Question question, (string Issuer, string Subject) person, double answeredAt)
    {
        lock (_lock)
        {
            return _stored.TryGetValue(person, out var stored) && stored.At > question.Number
                && (answeredAt, question.Number).CompareTo((stored.AnsweredAt, stored.Number)) < 0;
        }
    }

    private void End(Question question)
    {
        lock (_lock)
        {
            if (!_open.Remove(question.Number)) return;
            var oldest = _open.Count > 0 ? _open.Min : long.MaxValue;
            foreach (var (person, stored) in _stored)
            {
                if (stored.At < oldest) _stored.Remove(person);
            }
        }
    }

    /// <summary>A question to the provider that is under way.</summary>
    /// <param name="order">Whose it is.</param>
    /// <param name="number">How many questions and answers there were before it.</param>
    internal sealed class Question(AnswerOrder order, long number) : IDisposable
    {
        /// <summary>Grows from question to question.</summary>
        public long Number => number;

        /// <inheritdoc/>
        public void Dispose() => order.End(this);
    }

    private readonly record struct Stored(long At, double AnsweredAt, long Number);
}
