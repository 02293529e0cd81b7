package farthing.receipt;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * The published files of one batch and, on a server, of those before it.
 *
 * @param sha256 of the manifest's bytes
 * @param announced the SHA-256 that the server announces; empty where there is none
 * @param state what the server says has become of the batch; empty where there is none
 * @param transaction that posted it, as the server says
 */
record BatchFiles(Source source, String place, BatchManifest manifest, String sha256, Optional<String> announced, String state,
        Optional<String> transaction) {

    /** Whether it is the JSON of a batch or of its manifest. */
    static boolean isBatch(byte[] content) {
        try {
            return StrictJson.JSON.readTree(content).path("object").asText().startsWith("batch");
        } catch (IOException notJson) {
            return false;
        }
    }

    /** @param place a folder, a manifest, or the address of a batch or of its manifest */
    static BatchFiles open(Source source, String place, byte[] content) throws IOException {
        if (!Source.isAddress(place)) {
            Path path = Path.of(place);
            return of(source, String.valueOf(Files.isDirectory(path) ? path : path.toAbsolutePath().getParent()), content);
        }
        String address = place.replaceFirst("/+$", "").replaceFirst("/manifest$", "");
        JsonNode answer = StrictJson.JSON.readTree(content);
        if (!answer.path("object").asText().equals("batch")) {
            return of(source, address, content);
        }
        BatchFiles files = of(source, address, source.read(address + "/manifest"));
        return new BatchFiles(source, address, files.manifest, files.sha256,
                Optional.of(answer.path("manifest_sha256").asText()), answer.path("state").asText(),
                Optional.of(answer.path("transaction").path("hash").asText()).filter(hash -> hash.matches("0x[0-9a-f]{64}")));
    }

    private static BatchFiles of(Source source, String place, byte[] manifest) {
        return new BatchFiles(source, place, BatchManifest.read(manifest), sha256(manifest), Optional.empty(), "",
                Optional.empty());
    }

    byte[] line(int line) throws IOException {
        return source.read(Source.isAddress(place) ? place + "/lines/" + Integer.toUnsignedString(line)
                : Path.of(place, LineFile.name(line)).toString());
    }

    /** The manifest of a batch before this one; empty where it cannot be known where it is. */
    Optional<BatchManifest> before(long seq) throws IOException {
        return Source.isAddress(place)
                ? Optional.of(BatchManifest.read(source.read(place.replaceFirst("[^/]+$", "") + seq + "/manifest")))
                : Optional.empty();
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
