package farthing.receipt;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.chain.MalformedAddress;
import farthing.chain.VaultReader;
import farthing.money.Split;

/**
 * {@code ./farthing verify}: checks one receipt or a whole batch on this machine, with no server code and no database. Public
 * because the launcher starts it.
 */
public final class Verify {

    private static final String USAGE = """
            usage: ./farthing verify RECEIPT [--proof FILE] [--signer ADDRESS] [--request FILE] [--response FILE] [--rpc URL] [--vault ADDRESS]
                   ./farthing verify BATCH [--previous MANIFEST] [--rpc URL] [--vault ADDRESS]
              RECEIPT   a file with the JSON of /v1/receipts/{id}, its http address, or - for standard input;
                        with FARTHING_API_KEY set, an address is asked as the payer, who sees the body too
              --proof   a file with the JSON of /v1/receipts/{id}/proof; for an http address it is fetched
              --signer  the address that you know this server signs with
              --request, --response  the bytes that were sent and the bytes or streamed text that were received
              BATCH     the http address of /v1/batches/{seq}, or a folder with manifest.json and its line-N.bin, or that manifest
              --previous  the manifest of the batch before it, to compare what is carried over; from a server it is fetched
              --rpc     a node of the chain, to compare with what the vault has (also FARTHING_RPC_URL)
              --vault   the address that you know as the vault (also FARTHING_VAULT); otherwise the one that the file names""";
    private static final Set<String> OPTIONS = Set.of("--proof", "--signer", "--request", "--response", "--previous", "--rpc",
            "--vault");

    private final PrintStream out;
    private final Report report;
    private final Map<String, String> environment;

    Verify(PrintStream out, Map<String, String> environment) {
        this.out = out;
        this.report = new Report(out);
        this.environment = environment;
    }

    public static void main(String[] args) {
        System.exit(new Verify(System.out, System.getenv()).run(args));
    }

    /** @return 0 proved, 1 something does not hold, 2 it could not be checked */
    int run(String... args) {
        Map<String, String> options = new HashMap<>();
        setting("FARTHING_RPC_URL").ifPresent(url -> options.put("--rpc", url));
        setting("FARTHING_VAULT").ifPresent(vault -> options.put("--vault", vault));
        for (int i = 1; i + 1 < args.length && OPTIONS.contains(args[i]); i += 2) {
            options.put(args[i], args[i + 1]);
        }
        if (args.length % 2 == 0 || IntStream.range(1, args.length).anyMatch(i -> i % 2 == 1 && !OPTIONS.contains(args[i]))) {
            out.println(USAGE);
            return 2;
        }
        try (Source source = new Source(setting("FARTHING_API_KEY").orElse(""))) {
            return check(source, args[0], options);
        } catch (ReceiptFile.NotAReceipt | MalformedFile | MalformedAddress e) {
            out.println("verify: " + e.getMessage());
        } catch (NoSuchFileException e) {
            out.println("verify: there is no file " + e.getFile() + ".");
        } catch (IOException e) {
            out.println("verify: it could not be checked: " + e.getMessage() + ".");
        } catch (IllegalArgumentException e) {
            out.println("verify: an address is not one of http or https: " + e.getMessage() + ".");
        }
        return 2;
    }

    private Optional<String> setting(String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
    }

    private int check(Source source, String place, Map<String, String> options) throws IOException {
        if (!Source.isAddress(place) && !place.equals("-") && Files.isDirectory(Path.of(place))) {
            return batch(source, place, source.read(Path.of(place, BatchManifest.NAME).toString()), options);
        }
        byte[] content = source.read(place);
        return BatchFiles.isBatch(content) ? batch(source, place, content, options) : receipt(source, place, content, options);
    }

    private int batch(Source source, String place, byte[] content, Map<String, String> options) throws IOException {
        BatchFiles files = BatchFiles.open(source, place, content);
        BatchManifest manifest = files.manifest();
        Optional<BatchManifest> previous = Optional.empty();
        if (options.containsKey("--previous")) {
            previous = Optional.of(BatchManifest.read(source.read(String.valueOf(options.get("--previous")))));
        }
        out.println("batch " + manifest.seq() + ", " + Report.counted(manifest.totals().receipts(), "receipt") + ", charges "
                + manifest.totals().charges());
        boolean holds = new BatchCheck(files, report).holds() && new CarriedCheck(files, report).holds(previous)
                && chain(options, manifest.vault(), check -> check.holds(manifest, files.state(), files.transaction()));
        return proved(holds);
    }

    private interface OnChain {
        boolean holds(ChainCheck check) throws IOException;
    }

    private boolean chain(Map<String, String> options, Address named, OnChain check) throws IOException {
        String expected = options.get("--vault");
        if (expected != null && !report.holds(() -> {
            Report.expect("The vault that it names", named, "you expect", new Address(expected));
            return "it is of the vault that you expect, " + named;
        })) {
            return false;
        }
        String rpc = options.get("--rpc");
        if (rpc == null) {
            report.note("nothing was compared with the chain; --rpc names a node of it");
            return true;
        }
        if (expected == null) {
            report.note("the vault is the one that the file names; --vault says which one you expect");
        }
        try (VaultReader reader = new VaultReader(URI.create(rpc), named)) {
            return check.holds(new ChainCheck(reader, report));
        }
    }

    private int receipt(Source source, String place, byte[] content, Map<String, String> options) throws IOException {
        ReceiptFile file = ReceiptFile.read(content);
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
        return proved(holds && settled(source, place, proof.receipt(), options));
    }

    /** Whether the receipt is in the batch that its proof names; one that is in none yet is proved by its signature alone. */
    private boolean settled(Source source, String place, Receipt receipt, Map<String, String> options) throws IOException {
        String file = options.get("--proof");
        Optional<byte[]> json = file != null ? Optional.of(source.read(file))
                : Source.isAddress(place) ? source.readIfThere(place.replaceFirst("/+$", "") + "/proof") : Optional.empty();
        if (json.isEmpty()) {
            report.note(Source.isAddress(place) ? "the receipt is in no batch yet"
                    : "whether the receipt is in a batch was not checked; --proof names the file that shows it");
            return true;
        }
        BatchProof proof = BatchProof.read(json.get());
        return report.holds(() -> {
            if (!Arrays.equals(proof.receipt().leaf(), receipt.leaf())) {
                throw new Report.Difference("The proof is of another receipt: its leaf is " + Report.hex(proof.receipt().leaf())
                        + ", this receipt's is " + Report.hex(receipt.leaf()) + ".");
            }
            Optional<String> fault = proof.fault();
            if (fault.isPresent()) {
                throw new Report.Difference(fault.get());
            }
            return "leaf, section and line are under the root of batch " + proof.batch().seq();
        }) && chain(options, proof.batch().vault(), check -> check.holds(proof));
    }

    private int proved(boolean holds) {
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
}
