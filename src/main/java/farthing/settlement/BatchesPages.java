package farthing.settlement;

import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;

import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

import farthing.chain.ChainStatus;
import farthing.chain.Deployment;
import farthing.money.Amount;
import farthing.receipt.BatchManifest;
import farthing.receipt.LineFile;
import farthing.web.Pager;
import farthing.web.Shortened;
import farthing.web.Site;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** The batches, and each with all that proves it. */
@Path("/batches")
@Blocking
class BatchesPages {

    private static final int PAGE = 50;

    /** @param since when the chain last answered */
    record Away(Instant since, String fault) {
    }

    record Hash(String value, String valueShort) {

        static Hash of(String value) {
            return new Hash(value, Shortened.of(value));
        }

        static Hash of(byte[] bytes) {
            return of("0x" + HexFormat.of().formatHex(bytes));
        }
    }

    record Row(long seq, String href, Instant at, long receipts, Amount charges, int payees, @Nullable Hash transaction,
            String state, String kind) {
    }

    record BatchesView(@Nullable Away away, List<Row> batches, Pager pager) {
    }

    record LineRow(String line, long receipts, Amount charged, Amount debited, Amount settled) {
    }

    record PayeeRow(Hash payee, boolean platform, Amount earned, Amount credited, Amount owed) {
    }

    record HeldRow(String part, String version, Amount earned, Amount held) {
    }

    record FileRow(String name, String href, Hash sha256) {
    }

    record Fact(String label, Hash hash) {
    }

    record BatchView(@Nullable Away away, long seq, String state, String kind, String meaning, Instant builtAt,
            @Nullable Instant minedAt, @Nullable Long block, @Nullable Hash transaction, long receipts, Amount charges,
            Amount debits, Amount credits, Amount carried, List<LineRow> lines, @Nullable Pager linePager,
            List<PayeeRow> payees, @Nullable Pager payeePager, List<HeldRow> held, List<Fact> hashes, List<FileRow> files,
            @Nullable Long previous, String jsonHref, String command) {

        public String title() {
            return "Batch " + seq;
        }
    }

    @CheckedTemplate(basePath = "settlement")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance batches(BatchesView page);

        static native TemplateInstance batch(BatchView page);
    }

    private final Batches batches;
    private final ChainStatus chain;
    private final Deployment deployment;
    private final Site site;

    BatchesPages(Batches batches, ChainStatus chain, Deployment deployment, Site site) {
        this.batches = batches;
        this.deployment = deployment;
        this.chain = chain;
        this.site = site;
    }

    @GET
    @Produces(MediaType.TEXT_HTML)
    public TemplateInstance batches(@RestQuery @DefaultValue("1") String page) {
        int number = number(page);
        return Templates.batches(new BatchesView(away(),
                batches.page(PAGE, (number - 1L) * PAGE).stream().map(BatchesPages::row).toList(),
                Pager.of(number, PAGE, batches.count(), n -> "/batches?page=" + n)));
    }

    @GET
    @Path("batches.csv")
    @Produces("text/csv")
    public Response csv() {
        StreamingOutput rows = out -> {
            Writer writer = new OutputStreamWriter(out, StandardCharsets.UTF_8);
            writer.write("seq,built_at,mined_at,calls,charges_nanos,debits_nanos,credits_nanos,payees,transaction,block,state,"
                    + "manifest_sha256\n");
            batches.each(batch -> write(writer, batch));
            writer.flush();
        };
        return Response.ok(rows).type("text/csv;charset=UTF-8")
                .header("Content-Disposition", "attachment; filename=\"farthing-batches.csv\"").build();
    }

    private static void write(Writer writer, Batch batch) {
        try {
            writer.write(String.join(",", Long.toString(batch.seq()), batch.builtAt().toString(), text(batch.minedAt()),
                    Long.toString(batch.receipts()), Long.toString(batch.charges().nanos()),
                    Long.toString(batch.debits().nanos()), Long.toString(batch.credits().nanos()),
                    Integer.toString(batch.payees()), text(batch.transaction()), text(batch.block()),
                    state(batch), batch.manifest().hex()) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String text(@Nullable Object value) {
        return value == null ? "" : value.toString();
    }

    @GET
    @Path("{seq}")
    @Produces(MediaType.TEXT_HTML)
    public TemplateInstance batch(String seq, @RestQuery @DefaultValue("1") String lines,
            @RestQuery @DefaultValue("1") String payees) {
        Batch batch = batches.get(BatchesApi.number(seq));
        BatchManifest manifest = batches.manifest(batch);
        String href = "/batches/" + batch.seq();
        String json = "/v1/batches/" + batch.seq();
        int linePage = number(lines);
        int payeePage = number(payees);
        return Templates.batch(new BatchView(away(), batch.seq(), state(batch), kind(batch), meaning(batch), batch.builtAt(),
                batch.minedAt(), batch.block(), batch.transaction() == null ? null : Hash.of(batch.transaction()),
                batch.receipts(), batch.charges(), batch.debits(), batch.credits(), batch.availableAfter(),
                slice(manifest.lines(), linePage).stream().map(BatchesPages::row).toList(),
                pager(linePage, manifest.lines().size(), href, "lines", "#lines"),
                slice(manifest.payees(), payeePage).stream().map(payee -> row(payee, manifest)).toList(),
                pager(payeePage, manifest.payees().size(), href, "payees", "#payees"),
                manifest.held().stream().map(BatchesPages::row).toList(), hashes(manifest),
                files(manifest, batch, json, linePage), manifest.parent() == 0 ? null : (Long) manifest.parent(), json,
                "./farthing verify " + site.publicUrl() + json + node()));
    }

    /** A chain that only we know of must be named. */
    private String node() {
        return deployment.publicRpc() == null ? "" : " --rpc " + deployment.publicRpc();
    }

    private static Row row(Batch batch) {
        return new Row(batch.seq(), "/batches/" + batch.seq(), batch.minedAt() == null ? batch.builtAt() : batch.minedAt(),
                batch.receipts(), batch.charges(), batch.payees(),
                batch.transaction() == null ? null : Hash.of(batch.transaction()), state(batch), kind(batch));
    }

    private static LineRow row(BatchManifest.Line line) {
        return new LineRow(Integer.toUnsignedString(line.line()), line.receipts(), line.after().minus(line.before()),
                line.debit(), line.after());
    }

    private static PayeeRow row(BatchManifest.Payee payee, BatchManifest manifest) {
        return new PayeeRow(Hash.of(payee.payee().text()), payee.payee().equals(manifest.platform()), payee.earned(),
                payee.credited(), payee.owedAfter());
    }

    private static HeldRow row(BatchManifest.Held held) {
        String[] parts = held.account().split(":");
        return new HeldRow(switch (parts[0]) {
            case "base_model" -> "base model";
            case "data_pool" -> "data pool";
            default -> parts[0];
        }, parts[1], held.earned(), held.after());
    }

    private static List<Fact> hashes(BatchManifest manifest) {
        return List.of(new Fact("Receipts root", Hash.of(manifest.receiptsRoot())),
                new Fact("History before", Hash.of(manifest.prevBatchHash())),
                new Fact("History after", Hash.of(manifest.historyHash())),
                new Fact("Vault", Hash.of(manifest.vault().text())), new Fact("Token", Hash.of(manifest.token().text())));
    }

    /** The manifest, and the files of the lines that the page shows. */
    private static List<FileRow> files(BatchManifest manifest, Batch batch, String json, int linePage) {
        List<FileRow> files = new ArrayList<>();
        files.add(new FileRow(BatchManifest.NAME, json + "/manifest", Hash.of(batch.manifest().hex())));
        slice(manifest.lines(), linePage).forEach(line -> files.add(new FileRow(LineFile.name(line.line()),
                json + "/lines/" + Integer.toUnsignedString(line.line()), Hash.of(line.sha256()))));
        return files;
    }

    private static <T> List<T> slice(List<T> all, int page) {
        long from = Math.min((page - 1L) * PAGE, all.size());
        return all.subList((int) from, (int) Math.min(from + PAGE, all.size()));
    }

    /** Null where one page shows all. */
    private static @Nullable Pager pager(int page, int total, String href, String parameter, String anchor) {
        return total <= PAGE ? null : Pager.of(page, PAGE, total, n -> href + "?" + parameter + "=" + n + anchor);
    }

    private static String state(Batch batch) {
        return switch (batch.state()) {
            case BUILT -> "waiting";
            case SENT -> "sent";
            case MINED -> "on chain";
            case FINAL -> "final";
            case VOIDED, RELEASED -> "voided";
        };
    }

    private static String kind(Batch batch) {
        return switch (batch.state()) {
            case BUILT, SENT, MINED -> "waiting";
            case FINAL -> "good";
            case VOIDED, RELEASED -> "bad";
        };
    }

    private static String meaning(Batch batch) {
        return switch (batch.state()) {
            case BUILT -> batch.fault() == null ? "Its transaction is about to be sent."
                    : "Its transaction waits and is tried again by itself. The chain says: " + batch.fault();
            case SENT -> "Its transaction was sent and is in no block yet.";
            case MINED -> "Its transaction is in a block that a re-org could still take away.";
            case FINAL -> "Nothing can take it away any more.";
            case VOIDED, RELEASED ->
                "The guardian took it back on the chain. Its receipts went into a later batch, its credits were not paid.";
        };
    }

    private @Nullable Away away() {
        return chain.away().map(away -> new Away(away.since(), away.fault())).orElse(null);
    }

    private static int number(String page) {
        return page.matches("[1-9][0-9]{0,6}") ? Integer.parseInt(page) : 1;
    }
}
