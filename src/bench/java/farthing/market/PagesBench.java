package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import farthing.Generator;
import farthing.blob.Digest;
import farthing.blob.FileBlobs;
import farthing.chain.Address;
import farthing.money.Amount;
import farthing.money.Split;
import farthing.receipt.BatchManifest;
import farthing.receipt.History;

/**
 * How long pages take in a big market, from the request to the last byte of the answer on the loopback, one at a time. Settings
 * are system properties: {@code farthing.bench-models}, {@code -usages}, {@code -seed}, {@code -rounds}, {@code -only} (a pattern
 * of addresses) and {@code -data}, a folder that is filled the first time and kept; without it all is made anew and thrown away.
 */
class PagesBench {

    private static final int TARGET_MILLIS = 100;

    private final int models = Integer.getInteger("farthing.bench-models", 100_000);
    private final int usages = Integer.getInteger("farthing.bench-usages", 10_000_000);
    private final int rounds = Integer.getInteger("farthing.bench-rounds", 60);
    private final String only = System.getProperty("farthing.bench-only", "");

    /** @param session null: nobody is signed in */
    private record Page(String viewer, String path, @Nullable String session) {
    }

    @Test
    void pages() throws Exception {
        String kept = System.getProperty("farthing.bench-data", "");
        Path data = kept.isEmpty() ? Files.createTempDirectory("farthing-bench") : Path.of(kept).toAbsolutePath();
        try {
            if (!Files.exists(data.resolve("filled"))) {
                fill(data);
            }
            measure(data);
        } finally {
            if (kept.isEmpty()) {
                delete(data);
            }
        }
    }

    private void fill(Path data) throws SQLException, IOException {
        Files.createDirectories(data);
        try (FarthingProcess server = FarthingProcess.ready(data); Connection connection = server.database()) {
            long began = System.nanoTime();
            try (Statement statement = connection.createStatement()) {
                statement.execute("alter system set max_wal_size = '8GB'");
                statement.execute("select pg_reload_conf()");
            }
            Generator.Market market = new Generator(connection,
                    new Generator.Sizes(models, usages, Integer.getInteger("farthing.bench-seed", 1)),
                    line -> say("%4d s  %s", Duration.ofNanos(System.nanoTime() - began).toSeconds(), line)).fill();
            manifest(connection, data);
            Files.writeString(data.resolve("filled"), market.caller() + " " + market.developer());
            say("%4d s  filled", Duration.ofNanos(System.nanoTime() - began).toSeconds());
        }
    }

    private void measure(Path data) throws Exception {
        String[] market = Files.readString(data.resolve("filled")).strip().split(" ");
        long began = System.nanoTime();
        // Started anew: it has to start on a full database, too.
        try (FarthingProcess server = FarthingProcess.ready(data); Connection connection = server.database()) {
            say("started in %d s", Duration.ofNanos(System.nanoTime() - began).toSeconds());
            for (Page page : pages(connection, Long.parseLong(market[0]), Long.parseLong(market[1]))) {
                if (only.isEmpty() || page.path.matches(only)) {
                    measure(server, page);
                }
            }
            say("the server wrote:%n%s", server.output());
        }
    }

    private void measure(FarthingProcess server, Page page) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.uri(page.path)).timeout(Duration.ofSeconds(120))
                .header("Accept", page.path.startsWith("/v1/") || page.path.startsWith("/api/") ? "application/json" : "text/html").GET();
        if (page.session != null) {
            request.header("Cookie", "farthing_session=" + page.session);
        }
        List<Double> millis = new ArrayList<>();
        double first = 0;
        int status = 0;
        int bytes = 0;
        int warm = Math.max(3, rounds / 6);
        for (int i = 0; i < warm + rounds; i++) {
            long began = System.nanoTime();
            HttpResponse<byte[]> answer = FarthingProcess.HTTP.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            double took = (System.nanoTime() - began) / 1e6;
            status = answer.statusCode();
            bytes = answer.body().length;
            if (i >= warm) {
                millis.add(took);
            }
            if (i == 0) {
                first = took;
            }
            if (i == 0 && took > 3_000) {
                // As slow as that, a few tell enough.
                warm = 1;
                i = warm + rounds - 5;
            }
        }
        millis.sort(null);
        double p95 = millis.get(Math.min(millis.size() - 1, (int) Math.ceil(millis.size() * 0.95) - 1));
        System.out.printf(Locale.ROOT,
                "{\"figure\":\"pages.%s %s.p95_ms\",\"value\":%.1f,\"unit\":\"ms\",\"target\":%d,\"p50\":%.1f,\"first\":%.1f,\"status\":%d,\"bytes\":%d}%n",
                page.viewer, page.path, p95, TARGET_MILLIS, millis.get(millis.size() / 2), first, status, bytes);
    }

    private static List<Page> pages(Connection connection, long caller, long developer) throws SQLException {
        String bySession = session(connection, caller);
        String devSession = session(connection, developer);
        String operator = session(connection, operator(connection));
        String robin = session(connection, number(connection, "select id from account where handle = 'robin'"));
        String model = text(connection, """
                select called from model where id = (select model_id from version where id = (select version from version_total
                    group by version order by sum(calls) desc limit 1))""");
        String rare = text(connection, "select called from model order by id desc limit 1");
        String called = text(connection, """
                select m.called from model m join version v on v.model_id = m.id
                join usage_day d on d.version = v.id and d.account = %d group by m.called order by sum(d.calls) limit 1"""
                .formatted(caller));
        String q = text(connection, "select split_part(name, '-', 1) from model order by id desc limit 1");
        long key = number(connection, "select max(id) from api_key where account = " + caller);
        String day = text(connection, "select (now() at time zone 'UTC')::date - 40");
        long batch = number(connection, "select max(seq) from batch");
        String receipt = text(connection, """
                select replace(receipt::text, '-', '') from usage where account = %d order by charged_at desc limit 1 offset 100"""
                .formatted(caller));
        // A place in the call log, as an address writes it: its middle, and near its end.
        String place = "select (extract(epoch from charged_at) * 1000000)::bigint || '-' || replace(receipt::text, '-', '') from usage"
                + " where account = " + caller + " and charged_at < ";
        String second = text(connection, place + "now() order by charged_at desc, receipt desc limit 1 offset 49");
        String middle = text(connection, place + "now() - interval '45 days' order by charged_at desc, receipt desc limit 1");
        String end = text(connection, place + "now() - interval '88 days' order by charged_at desc, receipt desc limit 1");
        String moment = day + "T07:30";
        List<Page> pages = new ArrayList<>();
        add(pages, "nobody", null, "/", "/models", "/models?q=" + q, "/models?q=" + misspelt(q), "/models?q=model+for+poetry",
                "/models?task=completion&licence=MIT&quantisation=int8", "/models?task=embedding", "/models?sort=name",
                "/models?sort=price", "/models?sort=newest", "/models?sort=popular", "/models?sort=latency", "/models?sort=updated",
                "/models?page=50", "/models?q=" + q + "&sort=price&task=completion&page=2", "/models/" + model,
                "/models/" + model + "?tab=use", "/models/" + model + "?tab=versions", "/models/" + model + "?tab=data",
                "/models/" + model + "?tab=performance", "/models/" + model + "?tab=playground", "/models/" + rare,
                "/models/nobody/nothing", "/compare?model=" + model + "&model=" + rare, "/batches", "/batches?page=20",
                "/batches/" + batch, "/batches/" + (batch / 2), "/receipts/" + receipt, "/v1/receipts/" + receipt, "/docs",
                "/v1/models", "/v1/models/" + model, "/v1/batches", "/sign-in");
        add(pages, "caller", bySession, "/", "/models", "/usage", "/usage/now", "/usage?before=" + second, "/usage?before=" + middle,
                "/usage?before=" + end, "/usage?after=" + middle, "/usage?model=" + model, "/usage?model=" + called,
                "/usage?key=" + key, "/usage?state=abandoned", "/usage?state=charged", "/usage?state=reversed",
                "/usage?from=" + day + "&to=" + day, "/usage?from=" + moment, "/usage?to=" + moment,
                "/usage?model=" + called + "&key=" + key + "&state=charged&from=" + day,
                "/usage?key=" + key + "&before=" + middle, "/usage?model=" + called + "&before=" + middle,
                "/usage?range=90&by=key&show=tokens", "/usage?range=90", "/api/usage", "/api/usage?by=key&from=" + day,
                "/api/usage/calls", "/api/usage/calls?limit=500&cursor=" + middle,
                "/keys", "/budgets", "/account", "/earnings", "/receipts/" + receipt);
        add(pages, "developer", devSession, "/", "/models", "/earnings", "/usage", "/account", "/publish",
                "/models/" + model, "/models/" + model + "/manage", "/api/models");
        add(pages, "robin", robin, "/budgets", "/keys", "/usage");
        add(pages, "operator", operator, "/", "/operator", "/batches");
        return pages;
    }

    private static void add(List<Page> pages, String viewer, @Nullable String session, String... paths) {
        for (String path : paths) {
            pages.add(new Page(viewer, path, session));
        }
    }

    /** Two letters swapped. */
    private static String misspelt(String word) {
        return word.substring(0, 1) + word.charAt(2) + word.charAt(1) + word.substring(3);
    }

    private static long operator(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("insert into account_role (account, role, granted_at) select max(id), 'OPERATOR', now() from account"
                    + " on conflict do nothing");
        }
        return number(connection, "select max(id) from account");
    }

    /** Signs the account in as the database knows it. */
    private static String session(Connection connection, long account) throws SQLException {
        String token = "bench-" + account + "-" + System.nanoTime();
        try (Statement statement = connection.createStatement()) {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
            statement.execute("insert into web_session (token_hash, account, expires_at) values ('%s', %d, now() + interval '1 day')"
                    .formatted(Base64.getUrlEncoder().withoutPadding().encodeToString(hash), account));
            return token;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static long number(Connection connection, String query) throws SQLException {
        return Long.parseLong(text(connection, query));
    }

    private static String text(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery(query)) {
            assertThat(row.next()).as(query).isTrue();
            return row.getString(1);
        }
    }

    /** What the page of the newest batch is made from; its roots are made up. */
    private static void manifest(Connection connection, Path data) throws SQLException, IOException {
        long batch = number(connection, "select max(id) from batch");
        byte[] hash = new byte[32];
        Map<Integer, Amount> debits = new HashMap<>();
        Map<Integer, BatchManifest.Line> lines = new TreeMap<>(Integer::compareUnsigned);
        Map<Address, Amount> credits = new HashMap<>();
        Map<Address, BatchManifest.Payee> payees = new TreeMap<>(History.ASCENDING);
        List<BatchManifest.Version> versions = new ArrayList<>();
        Address platform = new Address("0x" + "9".repeat(40));
        try (Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery("select * from batch_line where batch = " + batch)) {
                while (row.next()) {
                    Amount before = micros(row.getLong("cumulative_before"));
                    Amount after = micros(row.getLong("cumulative_after"));
                    debits.put(row.getInt("line"), after.minus(before));
                    lines.put(row.getInt("line"), new BatchManifest.Line(row.getInt("line"), before, after, after.minus(before),
                            row.getInt("receipts"), 1, hash, row.getString("file")));
                }
            }
            try (ResultSet row = statement.executeQuery("select * from batch_payee where batch = " + batch)) {
                while (row.next()) {
                    Address payee = new Address(row.getString("payee"));
                    Amount credited = Amount.ofNanos(row.getLong("credited"));
                    credits.put(payee, credited);
                    payees.put(payee, new BatchManifest.Payee(payee, Amount.ofNanos(row.getLong("owed_before")),
                            Amount.ofNanos(row.getLong("earned")), credited, Amount.ofNanos(500)));
                }
            }
            for (int i = 0; i < 2_000; i++) {
                versions.add(new BatchManifest.Version(i + 1, "maker/model-" + i, platform, new Split(9000, 0, 0, 0, 1000)));
            }
            byte[] rows = History.rows(debits);
            BatchManifest manifest = new BatchManifest(batch, 31337, platform, platform, batch - 1, hash, hash, hash,
                    Instant.EPOCH, Amount.ofNanos(1000), List.copyOf(lines.values()), versions, platform,
                    List.copyOf(payees.values()), List.of(),
                    new BatchManifest.Totals(5_000, Amount.sum(debits.values()), Amount.sum(debits.values()),
                            Amount.sum(credits.values()), Amount.ZERO, Amount.ZERO),
                    rows, History.credits(credits));
            Digest digest = new FileBlobs(data.resolve("blobs")).put(new ByteArrayInputStream(manifest.json()));
            statement.execute("update batch set manifest = '" + digest.hex() + "'");
        }
    }

    private static Amount micros(long nanos) {
        return Amount.ofNanos(nanos / 1000 * 1000);
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        }
    }

    private static void say(String format, Object... values) {
        System.out.printf(Locale.ROOT, "# " + format + "%n", Arrays.stream(values).toArray());
    }
}
