using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Berth.Metadata.Relational;
using Npgsql;
using NpgsqlTypes;

namespace Berth.Metadata.Postgres.Engine;

/// <summary>
/// Look-ups that are sent as one message. Those with one text become one statement that runs it for each row of their parameters: to begin a statement costs PostgreSQL more than the look-ups in it.
/// </summary>
internal sealed partial class StatementsTogether
{
    private static readonly ConcurrentDictionary<Sql, string> Texts = new();

    private readonly PostgresStatement[] _statements;
    private readonly List<(NpgsqlBatchCommand Command, List<int> Of)> _commands = [];

    /// <param name="session">The connection.</param>
    /// <param name="operations">What is run; each has a text.</param>
    /// <param name="textOf">The texts as PostgreSQL has them.</param>
    public StatementsTogether(PostgresSession session, IReadOnlyList<Operation<PostgresSession>> operations, Func<Sql, string> textOf)
    {
        _statements = new PostgresStatement[operations.Count];
        var groups = new Dictionary<Sql, List<(int Index, NpgsqlBatchCommand Command)>>();
        for (var i = 0; i < operations.Count; i++)
        {
            var sql = operations[i].Text!;
            var command = new NpgsqlBatchCommand(textOf(sql));
            _statements[i] = new PostgresStatement(session, command, limitSeconds: 0, prepares: false).Begin();
            operations[i].Bind!(_statements[i]);
            if (!groups.TryGetValue(sql, out var group)) groups.Add(sql, group = []);
            group.Add((i, command));
        }

        foreach (var (sql, group) in groups)
        {
            if (group.Count > 1 && Join(sql, group) is { } joined) _commands.Add((joined, [.. group.Select(one => one.Index)]));
            else _commands.AddRange(group.Select(one => (one.Command, new List<int> { one.Index })));
        }
    }

    /// <summary>The look-ups' statements, in the operations' order.</summary>
    public IReadOnlyList<Statement> Statements => _statements;

    /// <summary>What is to be sent.</summary>
    public IEnumerable<NpgsqlBatchCommand> Commands => _commands.Select(command => command.Command);

    /// <summary>Gives each look-up its rows.</summary>
    public void Take(NpgsqlDataReader reader)
    {
        foreach (var (_, of) in _commands)
        {
            if (of.Count == 1)
            {
                _statements[of[0]].Take(reader);
                continue;
            }

            foreach (var index in of) _statements[index].Await();
            var last = reader.FieldCount - 1;
            while (reader.Read()) _statements[of[(int)reader.GetInt64(last) - 1]].Take(reader, last);
            reader.NextResult();
        }
    }

    /// <summary>One statement for all; null where a parameter is none of those that look-ups have.</summary>
    private static NpgsqlBatchCommand? Join(Sql sql, List<(int Index, NpgsqlBatchCommand Command)> group)
    {
        var first = group[0].Command;
        var joined = new NpgsqlBatchCommand(Texts.GetOrAdd(sql, static (_, command) => TextOfAll(command), first));
        for (var i = 0; i < first.Parameters.Count; i++)
        {
            NpgsqlParameter? list = first.Parameters[i] switch
            {
                NpgsqlParameter<long> => List<long>(i, NpgsqlDbType.Bigint),
                NpgsqlParameter<string> => List<string>(i, NpgsqlDbType.Text),
                NpgsqlParameter<byte[]> => List<byte[]>(i, NpgsqlDbType.Bytea),
                _ => null,
            };
            if (list is null) return null;
            joined.Parameters.Add(list);
        }

        return joined;

        NpgsqlParameter? List<T>(int index, NpgsqlDbType type)
        {
            var values = new T[group.Count];
            for (var i = 0; i < values.Length; i++)
            {
                if (group[i].Command.Parameters[index] is not NpgsqlParameter<T> { TypedValue: { } value }) return null;
                values[i] = value;
            }

            return new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
        }
    }

    // OFFSET 0 keeps the text a plan of its own, which is then the one that it has alone.
    private static string TextOfAll(NpgsqlBatchCommand one)
    {
        var numbers = Enumerable.Range(1, one.Parameters.Count).Select(number => number.ToString(CultureInfo.InvariantCulture)).ToList();
        var (lists, names) = (string.Join(", ", numbers.Select(number => '$' + number)), string.Join(", ", numbers.Select(number => 'p' + number)));
        var text = Parameter().Replace(one.CommandText, "given.p$1");
        return $"SELECT one.*, given.place FROM unnest({lists}) WITH ORDINALITY AS given ({names}, place) CROSS JOIN LATERAL ({text} OFFSET 0) one";
    }

    [GeneratedRegex(@"\$(\d+)")]
    private static partial Regex Parameter();
}
