using Berth.Bench.Load;

namespace Berth.Bench.Servers;

/// <summary>nginx with sendfile over static files: what the machine can do at best.</summary>
internal sealed class NginxServer : IDisposable
{
    private readonly ServerProcess _process;

    public NginxServer(string folder)
    {
        Root = Directory.CreateDirectory(Path.Combine(folder, "root")).FullName;
        var configuration = Path.Combine(folder, "nginx.conf");
        File.WriteAllText(configuration, $$"""
            daemon off;
            {{(Environment.UserName == "root" ? "user root;" : "")}}
            worker_processes auto;
            pid {{folder}}/nginx.pid;
            error_log {{folder}}/error.log;
            events { worker_connections 512; }
            http {
              access_log off;
              sendfile on;
              tcp_nopush on;
              keepalive_requests 1000000000;
              default_type application/octet-stream;
              client_body_temp_path {{folder}}/t1; proxy_temp_path {{folder}}/t2; fastcgi_temp_path {{folder}}/t3;
              uwsgi_temp_path {{folder}}/t4; scgi_temp_path {{folder}}/t5;
              server { listen {{Requests.Target}}; root {{Root}}; }
            }

            """);
        File.WriteAllText(Path.Combine(Root, "ready"), "ready");
        _process = ServerProcess.Start(
            Path.Combine(folder, "nginx.log"), new Dictionary<string, string>(), folder, "/usr/sbin/nginx", "-p", folder, "-e", folder + "/error.log", "-c", configuration);
        _process.WaitFor(Requests.Target, Requests.Format("GET", "/ready"));
    }

    /// <summary>The folder whose files it serves.</summary>
    public string Root { get; }

    public RequestWriter Requests { get; } = new(ServerProcess.FreeAddress(), "none");

    public ServerProcess Process => _process;

    public void Dispose() => _process.Dispose();
}
