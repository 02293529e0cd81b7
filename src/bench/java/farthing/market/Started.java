package farthing.market;

import farthing.Ports;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A program that a benchmark measures or needs, and the port at which it listens; it ends with this. */
final class Started implements AutoCloseable {

    final int port;
    private final Process process;

    private Started(int port, Process process) {
        this.port = port;
        this.process = process;
    }

    static Started upstream() throws IOException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
                "-XX:+UseSerialGC", "-cp", "target/test-classes", MockUpstream.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        var said = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
        return new Started(Integer.parseInt(said.readLine()), process);
    }

    /** nginx, passing on what it gets with as little work as it can. */
    static Started nginx(Path folder, int upstream) throws IOException {
        int port = Ports.free();
        Files.createDirectories(folder);
        Path configuration = folder.resolve("nginx.conf");
        Files.writeString(configuration, """
                daemon off;
                worker_processes 2;
                pid %1$s/pid;
                error_log stderr error;
                events { worker_connections 4096; }
                http {
                    access_log off;
                    client_body_temp_path %1$s/body;
                    proxy_temp_path %1$s/proxy;
                    fastcgi_temp_path %1$s/fastcgi;
                    uwsgi_temp_path %1$s/uwsgi;
                    scgi_temp_path %1$s/scgi;
                    keepalive_requests 100000000;
                    upstream mock { server 127.0.0.1:%2$d; keepalive 128; keepalive_requests 100000000; }
                    server {
                        listen 127.0.0.1:%3$d;
                        location / {
                            proxy_pass http://mock;
                            proxy_http_version 1.1;
                            proxy_set_header Connection "";
                        }
                    }
                }
                """.formatted(folder, upstream, port));
        return listening(port, new ProcessBuilder("nginx", "-e", "stderr", "-p", folder.toString(), "-c", configuration.toString()));
    }

    static Started portkey() throws IOException {
        int port = Ports.free();
        ProcessBuilder builder = new ProcessBuilder("node", "node_modules/@portkey-ai/gateway/build/start-server.js",
                "--port=" + port, "--headless").directory(Path.of("src/bench/node").toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("NODE_ENV", "production");
        return listening(port, builder);
    }

    private static Started listening(int port, ProcessBuilder builder) throws IOException {
        Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        for (long end = System.nanoTime() + 30_000_000_000L; System.nanoTime() < end;) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress("127.0.0.1", port), 1000);
                return new Started(port, process);
            } catch (IOException notYet) {
                pause(50);
            }
        }
        process.destroy();
        throw new IOException(builder.command().getFirst() + " does not listen");
    }

    long cpuMicros() {
        return cpuMicrosOfTree(process.toHandle());
    }

    /** What the process and all below it have used, those included that ended and were waited for. */
    static long cpuMicrosOfTree(ProcessHandle root) {
        return cpuMicros(root.pid(), true) + root.descendants().mapToLong(each -> cpuMicros(each.pid(), true)).sum();
    }

    /** @param withEnded whether to count children that have ended */
    static long cpuMicros(long pid, boolean withEnded) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            // The name before it may have spaces.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            long ticks = 0;
            for (int i = 11; i < (withEnded ? 15 : 13); i++) {
                ticks += Long.parseLong(fields[i]);
            }
            // Linux counts hundredths of a second here, whatever its clock does.
            return ticks * 10_000;
        } catch (IOException ended) {
            return 0;
        }
    }

    static long residentKb(long pid) {
        try {
            Map<String, String> status = Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
                    .map(line -> line.split(":", 2))
                    .collect(java.util.stream.Collectors.toMap(parts -> parts[0], parts -> parts[1].strip()));
            return Long.parseLong(List.of(status.getOrDefault("VmRSS", "0 kB").split(" ")).getFirst());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        // The workers of nginx end with their master, the upstream with its standard input.
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
