package farthing.market;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The load generator wrk, which costs less of the machine than any in Java. Each connection calls again once it has its answer. */
final class Wrk {

    /**
     * @param refused answered with another status than 200
     * @param broken not answered
     */
    record Result(long calls, double seconds, double p50Millis, double p99Millis, long refused, long broken) {
        double perSecond() {
            return calls / seconds;
        }
    }

    private static final Pattern RESULT = Pattern.compile("RESULT (\\d+) (\\d+) (\\d+) (\\d+) (\\d+) (\\d+)");

    private final Path script;
    private final String url;

    Wrk(Path folder, int port, Map<String, String> headers, String body) throws IOException {
        url = "http://127.0.0.1:" + port + "/v1/chat/completions";
        script = Files.createTempFile(folder, "wrk", ".lua");
        Files.writeString(script, """
                wrk.method = "POST"
                wrk.body = [==[%s]==]
                %s
                function done(summary, latency, requests)
                    local e = summary.errors
                    io.write(string.format("RESULT %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
                        latency:percentile(50), latency:percentile(99),
                        e.status, e.connect + e.read + e.write + e.timeout))
                end
                """.formatted(body, headers.entrySet().stream()
                .map(header -> "wrk.headers[\"" + header.getKey() + "\"] = \"" + header.getValue() + "\"")
                .collect(Collectors.joining("\n"))));
    }

    Result run(int connections, int seconds) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("wrk", "-t1", "-c" + connections, "-d" + seconds + "s", "--timeout", "10s", "-s",
                script.toString(), url).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        Matcher found = RESULT.matcher(said);
        if (!found.find()) {
            throw new IOException("wrk said: " + said);
        }
        return new Result(Long.parseLong(found.group(1)), Long.parseLong(found.group(2)) / 1e6,
                Long.parseLong(found.group(3)) / 1e3, Long.parseLong(found.group(4)) / 1e3, Long.parseLong(found.group(5)),
                Long.parseLong(found.group(6)));
    }
}
