using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Nodes;

/// <summary>A process's wall clock that is off by whole seconds, and may be set while it runs: a library that is loaded before the system's. Its monotonic clock is the machine's.</summary>
internal sealed class SkewedClock
{
    private const string Source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <stdint.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        static int64_t offset(void)
        {
            static volatile int64_t none, *seconds;
            if (seconds) return *seconds;
            const char *path = getenv("TEST_CLOCK");
            int file = path ? open(path, O_RDONLY) : -1;
            void *mapped = file < 0 ? MAP_FAILED : mmap(0, sizeof none, PROT_READ, MAP_SHARED, file, 0);
            if (file >= 0) close(file);
            seconds = mapped == MAP_FAILED ? &none : mapped;
            return *seconds;
        }

        int clock_gettime(clockid_t id, struct timespec *to)
        {
            static int (*system_clock)(clockid_t, struct timespec *);
            if (!system_clock) system_clock = dlsym(RTLD_NEXT, "clock_gettime");
            int result = system_clock(id, to);
            if (!result && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) to->tv_sec += offset();
            return result;
        }

        int gettimeofday(struct timeval *restrict to, void *restrict zone)
        {
            struct timespec now;
            (void)zone;
            clock_gettime(CLOCK_REALTIME, &now);
            to->tv_sec = now.tv_sec;
            to->tv_usec = now.tv_nsec / 1000;
            return 0;
        }

        time_t time(time_t *to)
        {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            if (to) *to = now.tv_sec;
            return now.tv_sec;
        }
        """;

    private readonly string _file;
    private readonly string _library;

    private SkewedClock(string library, string file) => (_library, _file) = (library, file);

    /// <summary>What a process is started with.</summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string> { ["LD_PRELOAD"] = _library, ["TEST_CLOCK"] = _file };

    /// <summary>Clocks that are off by these times.</summary>
    public static async Task<IReadOnlyList<SkewedClock>> MakeAsync(string folder, params TimeSpan[] offsets)
    {
        var library = Path.Combine(folder, "clock.so");
        (await Tool.RunAsync(Tool.Require("gcc"), ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-x", "c", "-", "-o", library, "-ldl"], folder, input: Source)).Succeeded();
        return [.. offsets.Select((offset, i) =>
        {
            var clock = new SkewedClock(library, Path.Combine(folder, $"clock-{i}"));
            File.WriteAllBytes(clock._file, new byte[sizeof(long)]);
            clock.Set(offset);
            return clock;
        })];
    }

    /// <summary>Sets the clock.</summary>
    public void Set(TimeSpan offset)
    {
        using var file = new FileStream(_file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.Write(BitConverter.GetBytes((long)offset.TotalSeconds));
    }
}
