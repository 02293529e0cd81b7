package farthing.chain;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

import org.web3j.protocol.Service;

/** JSON-RPC over the JDK's HTTP client. */
final class NodeHttp extends Service {

    private static final Duration CONNECTED_WITHIN = Duration.ofSeconds(3);
    private static final Duration ANSWERED_WITHIN = Duration.ofSeconds(10);

    private final HttpClient client;
    private final URI address;

    NodeHttp(URI address) {
        this(address, CONNECTED_WITHIN);
    }

    NodeHttp(URI address, Duration connectedWithin) {
        super(false);
        this.client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(connectedWithin).build();
        this.address = address;
    }

    @Override
    protected InputStream performIO(String payload) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(address).timeout(ANSWERED_WITHIN)
                .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(payload)).build();
        try {
            HttpResponse<InputStream> response = send(request);
            if (response.statusCode() != 200) {
                response.body().close();
                throw new IOException("HTTP status " + response.statusCode());
            }
            return response.body();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }

    /**
     * A connection that was kept may be closed by the node at the very moment when it is used again. Whatever is asked may be
     * asked twice: a signed transaction, too, is the same one.
     */
    private HttpResponse<InputStream> send(HttpRequest request) throws IOException, InterruptedException {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage());
            if (!message.endsWith("received no bytes") && !message.equals("Connection reset")) {
                throw e;
            }
            return client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
