using System.Text;

namespace Berth.Storage.FileSystem;

/// <summary>Reads /proc/self/mountinfo (proc(5)).</summary>
internal static class MountTable
{
    /// <summary>The lines of this process's table.</summary>
    public static string[] ReadOwn() => File.ReadAllLines("/proc/self/mountinfo");

    /// <summary>The file system's own options of the mount that a real path lies on: of the deepest mount point, the last one mounted there.</summary>
    public static IReadOnlyList<string> OptionsOf(string path, IEnumerable<string> lines)
    {
        var real = Resolve(path);
        var (depth, options) = (-1, "");
        foreach (var line in lines)
        {
            // 36 35 98:0 /root /mount/point rw,noatime master:1 - ext4 /dev/root rw,errors=continue
            var fields = line.Split(' ');
            var dash = Array.IndexOf(fields, "-");
            if (fields.Length < 5 || dash < 0 || dash + 3 >= fields.Length) continue;

            var point = Unescape(fields[4]);
            if (point.Length < depth || !IsUnder(real, point)) continue;
            (depth, options) = (point.Length, fields[dash + 3]);
        }

        return options.Split(',');
    }

    private static bool IsUnder(string path, string point) =>
        point == "/" || path == point || (path.StartsWith(point, StringComparison.Ordinal) && path[point.Length] == '/');

    // The table holds real paths: each link on the way is followed, a bounded number of times.
    private static string Resolve(string path)
    {
        var real = "/";
        var rest = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        for (var links = 0; rest.TryPop(out var part);)
        {
            var next = Path.Join(real, part);
            if (links < 40 && new FileInfo(next).LinkTarget is { } target)
            {
                links++;
                var whole = Path.GetFullPath(target, real);
                foreach (var piece in whole.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse()) rest.Push(piece);
                real = "/";
                continue;
            }

            real = next;
        }

        return real;
    }

    private static string Unescape(string field)
    {
        if (!field.Contains('\\')) return field;

        var text = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length && IsOctal(field.AsSpan(i + 1, 3)))
            {
                text.Append((char)Convert.ToInt32(field.Substring(i + 1, 3), 8));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }

        return text.ToString();
    }

    private static bool IsOctal(ReadOnlySpan<char> digits) => !digits.ContainsAnyExceptInRange('0', '7');
}
