package farthing.receipt;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import farthing.money.Split;

/**
 * {@code ./farthing verify}: checks one receipt on this machine, with no server and no database. Public because the launcher
 * starts
 * it.
 */
public final class Verify {

    private static final String USAGE = """
            usage: ./farthing verify RECEIPT [--signer ADDRESS] [--request FILE] [--response FILE]
              RECEIPT   a file with the JSON of /v1/receipts/{id}, its http address, or - for standard input;
                        with FARTHING_API_KEY set, an address is asked as the payer, who sees the body too
              --signer  the address that you know this server signs with
              --request, --response  the bytes that were sent and the bytes or streamed text that were received""";

    private final PrintStream out;
    private final String apiKey;

    Verify(PrintStream out, String apiKey) {
        this.out = out;
        this.apiKey = apiKey;
    }

    public static void main(String[] args) {
        System.exit(new Verify(System.out, System.getenv().getOrDefault("FARTHING_API_KEY", "")).run(args));
    }

    /** @return 0 proved, 1 something does not hold, 2 it could not be checked */
    int run(String... args) {
        if (args.length % 2 == 0) {
            out.println(USAGE);
            return 2;
        }
        try {
            Map<String, String> options = new HashMap<>();
            for (int i = 1; i < args.length; i += 2) {
                if (!List.of("--signer", "--request", "--response").contains(args[i])) {
                    out.println(USAGE);
                    return 2;
                }
                options.put(args[i], args[i + 1]);
            }
            return check(ReceiptFile.read(content(args[0])), options);
        } catch (ReceiptFile.NotAReceipt e) {
            out.println("verify: " + e.getMessage());
        } catch (NoSuchFileException e) {
            out.println("verify: there is no file " + e.getFile() + ".");
        } catch (IOException e) {
            out.println("verify: " + args[0] + " cannot be read (" + e.getMessage() + ").");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return 2;
    }

    private int check(ReceiptFile file, Map<String, String> options) throws IOException {
        ReceiptProof proof = file.proof();
        ReceiptBody body = proof.body();
        String signer = "0x" + HexFormat.of().formatHex(proof.signer());
        out.println("receipt of " + file.model() + ", charge " + proof.receipt().charge());
        boolean holds = said(proof.fault().orElse(null),
                (body == null ? "" : "body hashed, ") + "leaf under root, root signed by " + signer);
        String expected = options.get("--signer");
        if (expected != null) {
            holds &= said(signer.equalsIgnoreCase(expected) ? null : "It is signed by " + signer + ", not by " + expected + ".",
                    "that is the signer you expect");
        }
        holds &= said(splitFault(file), "the five shares are the split of the charge");
        holds &= content("request", options.get("--request"), file.requestSalt(), body == null ? null : body.requestHash());
        holds &= content("response", options.get("--response"), file.responseSalt(), body == null ? null : body.responseHash());
        out.println(holds ? "proved" : "NOT proved");
        return holds ? 0 : 1;
    }

    private boolean said(@Nullable String fault, String good) {
        out.println(fault == null ? "  ok    " + good : "  WRONG " + fault);
        return fault == null;
    }

    private boolean content(String name, @Nullable String path, byte @Nullable [] salt, byte @Nullable [] hash)
            throws IOException {
        if (path == null) {
            return true;
        }
        if (salt == null || hash == null) {
            return said("The receipt is not opened, so its " + name
                    + " cannot be checked; set FARTHING_API_KEY to the payer's key.", "");
        }
        byte[] bytes = Files.readAllBytes(Path.of(path));
        return said(
                Arrays.equals(ReceiptBody.contentHash(salt, bytes), hash) ? null
                        : path + " is not the " + name + " of this receipt.",
                path + " is the " + name);
    }

    private static @Nullable String splitFault(ReceiptFile file) {
        int[] points = file.basisPoints();
        Split.Parts parts;
        try {
            parts = new Split(points[0], points[1], points[2], points[3], points[4])
                    .divide(file.proof().receipt().charge());
        } catch (IllegalArgumentException e) {
            return "The split is none: " + e.getMessage() + ".";
        }
        long[] computed = { parts.developer().nanos(), parts.baseModel().nanos(), parts.dataPool().nanos(),
                parts.validators().nanos(),
                parts.platform().nanos() };
        int first = Arrays.mismatch(computed, file.splitNanos());
        return first < 0 ? null
                : "Share " + (first + 1) + " should be " + computed[first] + " nanos, and the receipt says "
                        + file.splitNanos()[first]
                        + ".";
    }

    private byte[] content(String source) throws IOException, InterruptedException {
        if (source.equals("-")) {
            return System.in.readAllBytes();
        }
        if (!source.startsWith("http://") && !source.startsWith("https://")) {
            return Files.readAllBytes(Path.of(source));
        }
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(source)).timeout(Duration.ofSeconds(20));
            if (!apiKey.isEmpty()) {
                request.header("Authorization", "Bearer " + apiKey);
            }
            HttpResponse<byte[]> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            if (answer.statusCode() != 200) {
                throw new IOException("the server answered " + answer.statusCode());
            }
            return answer.body();
        }
    }
}
