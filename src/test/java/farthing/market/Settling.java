package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

/** Calls that are going to be settled, by a server that settles sooner than its default. */
final class Settling {

    static final Map<String, String> HASTE = Map.of("FARTHING_SETTLEMENT_EVERY", "1s", "FARTHING_SETTLEMENT_AGE", "1s");

    private static final String SENTENCE = """
            {"model": "wren/langdetect", "input": "Ein kurzer Satz."}""";
    private static final String TEXT = """
            {"model": "wren/kjv", "prompt": "And he said", "max_tokens": 7}""";

    private Settling() {
    }

    /** Half sentences, half texts, eight at a time; charge by receipt. */
    static Map<String, Long> call(FarthingProcess server, String key, int calls) {
        Map<String, Long> charges = new HashMap<>();
        ExecutorService callers = Executors.newFixedThreadPool(8);
        try {
            List<CompletableFuture<HttpResponse<String>>> running = new ArrayList<>();
            IntStream.range(0, calls).forEach(i -> running.add(CompletableFuture.supplyAsync(
                    () -> send(server, i % 2 == 0 ? "/v1/classify" : "/v1/completions", i % 2 == 0 ? SENTENCE : TEXT, key),
                    callers)));
            for (CompletableFuture<HttpResponse<String>> each : running) {
                HttpResponse<String> answer = each.join();
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
                charges.put(answer.headers().firstValue("Farthing-Receipt").orElseThrow(),
                        answer.headers().firstValueAsLong("Farthing-Charge").orElseThrow());
            }
        } finally {
            callers.shutdown();
        }
        assertThat(charges).hasSize(calls);
        return charges;
    }

    static int status(FarthingProcess server, String key) {
        return send(server, "/v1/classify", SENTENCE, key).statusCode();
    }

    private static HttpResponse<String> send(FarthingProcess server, String path, String body, String key) {
        try {
            return FarthingProcess.HTTP.send(server.call(path, body, key).build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
