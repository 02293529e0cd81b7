package farthing.webhook;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import javax.net.ssl.SSLException;

import org.jspecify.annotations.Nullable;

import farthing.web.Outside;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;

/**
 * Posts to addresses that others named: nowhere in this server's own networks, no redirect, one connection each, within one
 * deadline. Blocks; call it from a virtual thread.
 */
final class Sender implements AutoCloseable {

    /** Of an answer's body; what comes beyond it is not waited for. */
    static final int ANSWER_BYTES = 1024;

    private static final Duration CONNECT_TIME = Duration.ofSeconds(5);

    private final HttpClient client;
    private final Outside outside;
    private final Duration timeout;
    private final Clock clock;

    Sender(Vertx vertx, int places, Outside outside, Duration timeout, Clock clock) {
        this.client = vertx.createHttpClient(
                new HttpClientOptions().setConnectTimeout((int) CONNECT_TIME.toMillis())
                        .setSslHandshakeTimeout(CONNECT_TIME.toSeconds()).setKeepAlive(false)
                        .setMaxHeaderSize(16 * ANSWER_BYTES),
                new PoolOptions().setHttp1MaxSize(places));
        this.outside = outside;
        this.timeout = timeout;
        this.clock = clock;
    }

    Outcome send(URI url, Map<String, String> headers, byte[] body) {
        long began = System.nanoTime();
        try {
            return send(url, headers, body, began);
        } catch (UnknownHostException e) {
            return Outcome.unanswered("has a host name that leads nowhere", since(began));
        } catch (Outside.NotPublic e) {
            return Outcome.unanswered("has " + e.getMessage(), since(began));
        } catch (TimeoutException e) {
            return Outcome.unanswered("did not answer within " + timeout.toSeconds() + " s", since(began));
        } catch (SSLException e) {
            return Outcome.unanswered("has no certificate that is valid for its name, or speaks no TLS", since(began));
        } catch (IOException e) {
            return Outcome.unanswered("cannot be reached, or broke off before it answered", since(began));
        }
    }

    private Outcome send(URI url, Map<String, String> headers, byte[] body, long began) throws IOException, TimeoutException {
        HttpClientRequest request = connect(url, headers, began);
        try {
            Answer answer = new Answer();
            // Before anything is sent: an answer may be over before somebody who comes later can read it.
            Future<HttpClientResponse> answered = request.response().onSuccess(answer::read);
            var _ = request.send(Buffer.buffer(body));
            HttpClientResponse response = await(answered.toCompletionStage(), began);
            try {
                await(answer.enough, began);
            } catch (IOException | TimeoutException cut) {
                // The status has decided already.
            }
            return Outcome.answered(response.statusCode(), answer.text(), retryAfter(response.getHeader("Retry-After")),
                    since(began));
        } finally {
            var _ = request.connection().close();
        }
    }

    /** Also where the connection comes too late. */
    private static void hangUp(@Nullable Future<HttpClientRequest> connecting) {
        if (connecting != null) {
            var _ = connecting.onSuccess(made -> {
                var _ = made.connection().close();
            });
        }
    }

    private HttpClientRequest connect(URI url, Map<String, String> headers, long began) throws IOException, TimeoutException {
        IOException last = new IOException("no address");
        for (InetAddress address : outside.addressesOf(url)) {
            Future<HttpClientRequest> connecting = null;
            try {
                var options = Outside.request(url, address).setMethod(HttpMethod.POST).setFollowRedirects(false);
                headers.forEach(options::putHeader);
                connecting = client.request(options).onSuccess(made -> {
                    // Who waits learns of it; Vert.x would log it as an error of this server.
                    made.exceptionHandler(_ -> {
                    });
                    made.connection().exceptionHandler(_ -> {
                    });
                });
                HttpClientRequest request = await(connecting.toCompletionStage(), began);
                outside.check(request.connection().remoteAddress());
                return request;
            } catch (Outside.NotPublic | TimeoutException e) {
                hangUp(connecting);
                throw e;
            } catch (IOException e) {
                hangUp(connecting);
                last = e;
            }
        }
        throw last;
    }

    private <T extends @Nullable Object> T await(CompletionStage<T> stage, long began) throws IOException, TimeoutException {
        try {
            return stage.toCompletableFuture().get(Math.max(0, timeout.minus(since(began)).toMillis()), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("not waited for", e);
        }
    }

    /** Collected on the connection's own thread. */
    private static final class Answer {

        private final Buffer body = Buffer.buffer();
        private final CompletableFuture<@Nullable Void> enough = new CompletableFuture<>();

        void read(HttpClientResponse response) {
            response.exceptionHandler(enough::completeExceptionally);
            response.endHandler(_ -> enough.complete(null));
            response.handler(bytes -> {
                synchronized (body) {
                    if (body.length() < ANSWER_BYTES) {
                        body.appendBuffer(bytes.slice(0, Math.min(bytes.length(), ANSWER_BYTES - body.length())));
                    }
                    if (body.length() >= ANSWER_BYTES) {
                        enough.complete(null);
                    }
                }
            });
        }

        String text() {
            synchronized (body) {
                // The database takes no NUL, and nobody wants to see the others.
                return body.toString(StandardCharsets.UTF_8).replaceAll("[\\p{Cntrl}&&[^\n\t]]", " ");
            }
        }
    }

    /** Seconds, or a date. */
    private @Nullable Duration retryAfter(@Nullable String header) {
        if (header == null) {
            return null;
        }
        String text = header.strip();
        if (text.matches("[0-9]{1,9}")) {
            return Duration.ofSeconds(Long.parseLong(text));
        }
        try {
            Duration until = Duration.between(clock.instant(),
                    DateTimeFormatter.RFC_1123_DATE_TIME.parse(text, Instant::from));
            return until.isNegative() ? null : until;
        } catch (DateTimeException e) {
            return null;
        }
    }

    private static Duration since(long began) {
        return Duration.ofNanos(System.nanoTime() - began);
    }

    @Override
    public void close() {
        var _ = client.close();
    }
}
