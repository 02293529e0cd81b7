package farthing.receipt;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

import farthing.chain.Address;
import farthing.money.Amount;
import farthing.money.Split;

/**
 * All of a batch but its receipts, which stand in the {@link LineFile}s: what anyone needs to compute again who is paid what.
 * Published as JSON, named by the SHA-256 of its bytes. Sums are nanos; fields that end in {@code _micros} are micro-units.
 *
 * @param parent the newest live batch before it, 0 for none; what is carried over is carried from there
 * @param prevBatchHash the vault's history hash before the batch, 32 bytes
 * @param historyHash the vault's history hash after it ({@link History#afterBatch})
 * @param receiptsRoot the {@link ReceiptTree} over the nodes of the lines
 * @param threshold who is owed less is not credited
 * @param lines those with receipts in the batch, ascending as unsigned numbers
 * @param versions those that receipts of the batch name, ascending as unsigned numbers
 * @param platform who is paid the platform's part of each charge
 * @param payees everybody who was owed something, earned something or is credited something, by {@link History#ASCENDING}
 * @param held what waits for a payee, if it was held before or earned now, ascending by its text
 * @param rows as posted, {@link History#rows}; a row for every line
 * @param credits as posted, {@link History#credits}
 */
public record BatchManifest(long seq, long chainId, Address vault, Address token, long parent, byte[] prevBatchHash,
        byte[] historyHash, byte[] receiptsRoot, Instant builtAt, Amount threshold, List<Line> lines, List<Version> versions,
        Address platform, List<Payee> payees, List<Held> held, Totals totals, byte[] rows, byte[] credits) {

    /** What the file is called beside its line files. */
    public static final String NAME = "manifest.json";

    /**
     * @param before nanos ever settled of the line before the batch
     * @param debit whole micro-units
     * @param node {@link LineTree#node}
     * @param sha256 of the line file, 64 hex digits
     */
    public record Line(int line, Amount before, Amount after, Amount debit, int receipts, int sections, byte[] node,
            String sha256) {
    }

    /** @param model for people @param developer who is paid the developer's part of each charge */
    public record Version(int version, String model, Address developer, Split split) {
    }

    /** @param credited whole micro-units; {@code owedBefore + earned − credited = owedAfter} */
    public record Payee(Address payee, Amount owedBefore, Amount earned, Amount credited, Amount owedAfter) {
    }

    /** @param account {@code base_model:V}, {@code data_pool:V} or {@code validators:V}, with V the number of a version */
    public record Held(String account, Amount before, Amount earned, Amount after) {
    }

    /**
     * @param availableBefore debits of all batches before, less their credits; this and the next three are whole micro-units
     */
    public record Totals(long receipts, Amount charges, Amount debits, Amount credits, Amount availableBefore,
            Amount availableAfter) {
    }

    /** The bytes to publish. */
    public byte[] json() {
        try {
            return StrictJson.JSON.writeValueAsBytes(fields());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @throws MalformedFile naming the field that is missing, unknown or wrong */
    public static BatchManifest read(byte[] json) {
        return StrictJson.read(NAME, json, "batch_manifest", BatchManifest::of);
    }

    private Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("object", "batch_manifest");
        fields.put("seq", seq);
        fields.put("chain_id", chainId);
        fields.put("vault", vault.text());
        fields.put("token", token.text());
        fields.put("parent", parent);
        fields.put("prev_batch_hash", hex(prevBatchHash));
        fields.put("history_hash", hex(historyHash));
        fields.put("receipts_root", hex(receiptsRoot));
        fields.put("built_at", builtAt.toString());
        fields.put("threshold_nanos", threshold.nanos());
        fields.put("lines", each(lines, BatchManifest::fields));
        fields.put("versions", each(versions, BatchManifest::fields));
        fields.put("platform", platform.text());
        fields.put("payees", each(payees, BatchManifest::fields));
        fields.put("held", each(held, BatchManifest::fields));
        fields.put("totals", fields(totals));
        fields.put("rows", hex(rows));
        fields.put("credits", hex(credits));
        return fields;
    }

    private static Map<String, Object> fields(Line line) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("line", Integer.toUnsignedLong(line.line));
        fields.put("cumulative_before", line.before.nanos());
        fields.put("cumulative_after", line.after.nanos());
        fields.put("debit_micros", History.micros(line.debit));
        fields.put("receipts", line.receipts);
        fields.put("sections", line.sections);
        fields.put("node", hex(line.node));
        fields.put("sha256", line.sha256);
        return fields;
    }

    private static Map<String, Object> fields(Version version) {
        Map<String, Object> parts = new LinkedHashMap<>();
        parts.put("developer", version.split.developer());
        parts.put("base_model", version.split.baseModel());
        parts.put("data_pool", version.split.dataPool());
        parts.put("validators", version.split.validators());
        parts.put("platform", version.split.platform());
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("version", Integer.toUnsignedLong(version.version));
        fields.put("model", version.model);
        fields.put("developer", version.developer.text());
        fields.put("split", parts);
        return fields;
    }

    private static Map<String, Object> fields(Payee payee) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("payee", payee.payee.text());
        fields.put("owed_before", payee.owedBefore.nanos());
        fields.put("earned", payee.earned.nanos());
        fields.put("credited_micros", History.micros(payee.credited));
        fields.put("owed_after", payee.owedAfter.nanos());
        return fields;
    }

    private static Map<String, Object> fields(Held held) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("account", held.account);
        fields.put("before", held.before.nanos());
        fields.put("earned", held.earned.nanos());
        fields.put("after", held.after.nanos());
        return fields;
    }

    private static Map<String, Object> fields(Totals totals) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("receipts", totals.receipts);
        fields.put("charges", totals.charges.nanos());
        fields.put("debits_micros", History.micros(totals.debits));
        fields.put("credits_micros", History.micros(totals.credits));
        fields.put("available_before_micros", History.micros(totals.availableBefore));
        fields.put("available_after_micros", History.micros(totals.availableAfter));
        return fields;
    }

    private static BatchManifest of(StrictJson json) {
        return new BatchManifest(json.number("seq"), json.number("chain_id"), json.address("vault"), json.address("token"),
                json.number("parent"), json.hash("prev_batch_hash"), json.hash("history_hash"), json.hash("receipts_root"),
                time(json, "built_at"), json.nanos("threshold_nanos"),
                ascending(json, "lines", json.list("lines", BatchManifest::line),
                        (a, b) -> Integer.compareUnsigned(a.line, b.line)),
                ascending(json, "versions", json.list("versions", BatchManifest::version),
                        (a, b) -> Integer.compareUnsigned(a.version, b.version)),
                json.address("platform"),
                ascending(json, "payees", json.list("payees", BatchManifest::payee),
                        (a, b) -> History.ASCENDING.compare(a.payee, b.payee)),
                ascending(json, "held", json.list("held", BatchManifest::held), (a, b) -> a.account.compareTo(b.account)),
                json.object("totals", BatchManifest::totals), json.bytes("rows"), json.bytes("credits"));
    }

    private static Line line(StrictJson json) {
        return new Line(json.number32("line"), json.nanos("cumulative_before"), json.nanos("cumulative_after"),
                json.micros("debit_micros"), json.number31("receipts"), json.number31("sections"), json.hash("node"),
                json.text("sha256", "[0-9a-f]{64}", "64 lower-case hex digits"));
    }

    private static Version version(StrictJson json) {
        return new Version(json.number32("version"), json.text("model"), json.address("developer"),
                json.object("split", BatchManifest::split));
    }

    private static Split split(StrictJson json) {
        try {
            return new Split(json.number31("developer"), json.number31("base_model"), json.number31("data_pool"),
                    json.number31("validators"), json.number31("platform"));
        } catch (IllegalArgumentException e) {
            throw json.wrong("developer", "and the other parts are no split: " + e.getMessage());
        }
    }

    private static Payee payee(StrictJson json) {
        return new Payee(json.address("payee"), json.nanos("owed_before"), json.nanos("earned"), json.micros("credited_micros"),
                json.nanos("owed_after"));
    }

    private static Held held(StrictJson json) {
        return new Held(
                json.text("account", "(base_model|data_pool|validators):[0-9]{1,10}",
                        "base_model, data_pool or validators with the number of a version"),
                json.nanos("before"), json.nanos("earned"), json.nanos("after"));
    }

    private static Totals totals(StrictJson json) {
        return new Totals(json.number("receipts"), json.nanos("charges"), json.micros("debits_micros"),
                json.micros("credits_micros"), json.micros("available_before_micros"), json.micros("available_after_micros"));
    }

    private static Instant time(StrictJson json, String name) {
        try {
            return Instant.parse(json.text(name));
        } catch (DateTimeException e) {
            throw json.wrong(name, "is no time like 2026-11-22T21:00:00Z");
        }
    }

    private static <T> List<T> ascending(StrictJson json, String name, List<T> items, Comparator<T> order) {
        for (int i = 1; i < items.size(); i++) {
            if (order.compare(items.get(i - 1), items.get(i)) >= 0) {
                throw json.wrong(name + "[" + i + "]", "does not come after the one before it");
            }
        }
        return items;
    }

    private static <T> List<Map<String, Object>> each(List<T> items, Function<T, Map<String, Object>> fields) {
        return items.stream().map(fields).toList();
    }

    private static String hex(byte[] bytes) {
        return "0x" + HexFormat.of().formatHex(bytes);
    }
}
