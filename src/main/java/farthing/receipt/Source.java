package farthing.receipt;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Reads what is to be checked: files, http addresses, or standard input. */
final class Source implements AutoCloseable {

    private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
    private final String apiKey;

    /** @param apiKey sent to servers, unless it is empty */
    Source(String apiKey) {
        this.apiKey = apiKey;
    }

    static boolean isAddress(String place) {
        return place.startsWith("http://") || place.startsWith("https://");
    }

    /** @param place an http address, a file, or - for standard input */
    byte[] read(String place) throws IOException {
        if (isAddress(place)) {
            return readIfThere(place).orElseThrow(() -> new IOException("the server has no " + place));
        }
        return place.equals("-") ? System.in.readAllBytes() : Files.readAllBytes(Path.of(place));
    }

    /** Empty where the server does not have it, or not yet. */
    Optional<byte[]> readIfThere(String address) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address)).timeout(Duration.ofMinutes(5));
        if (!apiKey.isEmpty()) {
            request.header("Authorization", "Bearer " + apiKey);
        }
        HttpResponse<byte[]> answer;
        try {
            answer = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        } catch (ConnectException e) {
            throw new IOException("there is no server at " + address, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        return switch (answer.statusCode()) {
            case 200 -> Optional.of(answer.body());
            case 404, 409 -> Optional.empty();
            default -> throw new IOException("the server answered " + answer.statusCode() + " to " + address);
        };
    }

    @Override
    public void close() {
        client.close();
    }
}
