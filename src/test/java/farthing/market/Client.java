package farthing.market;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import farthing.market.Journal.Outcome;

/** Calls the mock model and writes down what came of it. */
final class Client {

    /** @param leaves whether the client goes away in the middle of the answer */
    record Wish(MockModel.Deed deed, boolean stream, boolean leaves, @Nullable String idempotencyKey) {

        static final Wish PLAIN = new Wish(MockModel.Deed.ANSWERS, false, false, null);
    }

    private static final Pattern CHARGE = Pattern.compile("\"charge_nanos\":(\\d+)");
    private static final Pattern CODE = Pattern.compile("\"code\":\"(\\w+)\"");
    private static final int ENOUGH = 300;

    // Connections of its own, and never a second try of its own.
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5)).build();
    private final Journal journal;
    private final String model;
    private final Duration patience;

    Client(Journal journal, String model, Duration patience) {
        this.journal = journal;
        this.model = model;
        this.patience = patience;
    }

    /** @param number what the call's output is counted as, and so what it costs */
    Journal.Call call(URI server, Journal.Key key, Wish wish, Journal.Number number) {
        journal.sending(number);
        Journal.Call call = outcome(server, key, wish, number);
        journal.add(call);
        return call;
    }

    /** What calls that came to nothing were told. */
    Map<String, Long> said() {
        return journal.said(Outcome.FREE, Outcome.UNKNOWN, Outcome.BROKEN);
    }

    /** One of many calls with the same number: not for the journal. */
    Journal.Call callUncounted(URI server, Journal.Key key, Wish wish, int number) {
        return outcome(server, key, wish, new Journal.Number(key.id(), number));
    }

    private Journal.Call outcome(URI server, Journal.Key key, Wish wish, Journal.Number number) {
        String body = """
                {"model": "%s", "messages": [{"role": "user", "content": "%s now"}], "max_tokens": %d, "stream": %b}"""
                .formatted(model, wish.deed, number.of(), wish.stream);
        HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve("/v1/chat/completions")).timeout(patience)
                .header("Authorization", "Bearer " + key.secret()).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
        if (wish.idempotencyKey != null) {
            request.header("Idempotency-Key", wish.idempotencyKey);
        }
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        HttpResponse<InputStream> answer;
        try {
            answer = http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (IOException e) {
            return new Journal.Call(number, wish.idempotencyKey, Outcome.BROKEN, 0, null, null, 0, false, words(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        UUID receipt = answer.headers().firstValue("Farthing-Receipt").map(Client::uuid).orElse(null);
        try (InputStream in = answer.body()) {
            byte[] buffer = new byte[8192];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                received.write(buffer, 0, read);
                if (wish.leaves && received.size() > ENOUGH) {
                    return new Journal.Call(number, wish.idempotencyKey, Outcome.LEFT, answer.statusCode(), receipt, null,
                            received.size(), false, "left");
                }
            }
        } catch (IOException e) {
            return new Journal.Call(number, wish.idempotencyKey, Outcome.BROKEN, answer.statusCode(), receipt, null,
                    received.size(), false, words(e));
        }
        return told(wish, number, answer, receipt, received.toString(StandardCharsets.UTF_8));
    }

    private static Journal.Call told(Wish wish, Journal.Number number, HttpResponse<?> answer, @Nullable UUID receipt,
            String text) {
        boolean done = text.contains("data: [DONE]");
        if (answer.statusCode() == 200 && (done || !text.startsWith("data:") && !text.contains("\"error\""))) {
            Matcher charge = CHARGE.matcher(text);
            Long told = answer.headers().firstValue("Farthing-Charge").map(Long::valueOf)
                    .orElseGet(() -> charge.find() ? Long.valueOf(charge.group(1)) : null);
            return new Journal.Call(number, wish.idempotencyKey, Outcome.ACKNOWLEDGED, 200, receipt, told, text.length(), done,
                    "");
        }
        Matcher code = CODE.matcher(text);
        String said = code.find() ? code.group(1) : "status " + answer.statusCode();
        Outcome outcome = said.equals("outcome_unknown") ? Outcome.UNKNOWN
                : answer.statusCode() == 200 && !text.contains("\"error\"") ? Outcome.BROKEN : Outcome.FREE;
        return new Journal.Call(number, wish.idempotencyKey, outcome, answer.statusCode(), receipt, null, text.length(), done,
                said);
    }

    private static UUID uuid(String receipt) {
        String hex = receipt.replace("-", "");
        return new UUID(Long.parseUnsignedLong(hex.substring(0, 16), 16), Long.parseUnsignedLong(hex.substring(16), 16));
    }

    private static String words(IOException e) {
        return e.getClass().getSimpleName() + ": " + e.getMessage();
    }
}
