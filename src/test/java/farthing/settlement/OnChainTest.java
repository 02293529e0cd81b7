package farthing.settlement;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

import javax.sql.DataSource;

import jakarta.inject.Inject;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestChain;
import farthing.TestDatabase;
import farthing.TestLines;
import farthing.chain.Address;
import farthing.chain.Call;
import farthing.chain.ChainLog;
import farthing.chain.Keccak;
import farthing.chain.SigningKey;
import farthing.chain.Transactions;
import farthing.chain.VaultCalls;
import farthing.earnings.Payouts;
import farthing.identity.Accounts;
import farthing.identity.ApiKeys;
import farthing.identity.Browser;
import farthing.identity.Demo;
import farthing.identity.KeyLimits;
import farthing.identity.Lines;
import farthing.ledger.Account;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.receipt.BatchProof;
import farthing.receipt.Salts;
import farthing.web.KeyFolder;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.response.Response;

/** Calls that were made over HTTP, settled on a real vault and paid out. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class OnChainTest {

    private static final Amount DEPOSIT = Amount.ofTokens(5);

    @Inject
    Settler settler;
    @Inject
    Payouts payouts;
    @Inject
    Transactions transactions;
    @Inject
    VaultCalls calls;
    @Inject
    ChainLog log;
    @Inject
    Demo demo;
    @Inject
    Accounts accounts;
    @Inject
    ApiKeys keys;
    @Inject
    Lines lines;
    @Inject
    Ledger ledger;
    @Inject
    DataSource source;

    @Test
    void aCallIsSettledProvedAndPaidOut() throws Exception {
        LineId line = fundedLine();
        String key = keys.create(demo.caller(), line, "settled", KeyLimits.NONE, null).secret();
        List<String> receipts = new ArrayList<>();
        long charged = 0;
        for (int i = 0; i < 5; i++) {
            Response answer = given().header("Authorization", "Bearer " + key).contentType("application/json").body("""
                    {"model": "wren/kjv", "prompt": "In the beginning", "max_tokens": 7, "temperature": 0}""")
                    .post("/v1/completions");
            answer.then().statusCode(200);
            receipts.add(answer.header("Farthing-Receipt"));
            charged += Long.parseLong(answer.header("Farthing-Charge"));
        }
        given().get("/v1/receipts/" + receipts.getFirst() + "/proof").then().statusCode(409)
                .body(containsString("is in no batch yet (state: pending)"));
        given().get("/v1/receipts/" + receipts.getFirst()).then().body("settlement.state", equalTo("pending"));

        until("the server to say that it knows of the last call",
                () -> count("select count(*) from lease where unsure > 0") == 0);
        Batch batch = settler.settle().orElseThrow();
        assertThat(batch.receipts()).isEqualTo(5);
        assertThat(batch.charges().nanos()).isEqualTo(charged);
        until("the batch is final", () -> {
            TestChain.finalizeNow();
            settler.settle();
            return newest(batch.seq()).state() == BatchState.FINAL;
        });
        assertThat(used(line)).isEqualTo(charged / 1_000);

        for (String receipt : receipts) {
            byte[] proof = given().get("/v1/receipts/" + receipt + "/proof").then().statusCode(200).extract().asByteArray();
            assertThat(BatchProof.read(proof).fault()).isEmpty();
        }
        given().get("/v1/receipts/" + receipts.getFirst()).then().body("settlement.state", equalTo("final"))
                .body("settlement.batch", equalTo((int) batch.seq()));
        given().get("/receipts/" + receipts.getFirst()).then().statusCode(200).body(containsString("Batch " + batch.seq()));
        given().get("/v1/batches").then().statusCode(200).body("data[0].state", equalTo("final"));
        given().get("/v1/batches/" + batch.seq()).then().statusCode(200)
                .body("manifest_sha256", equalTo(batch.manifest().hex())).body("manifest.seq", equalTo((int) batch.seq()));
        given().get("/batches").then().statusCode(200).body(containsString("/batches/" + batch.seq()));
        given().get("/batches/" + batch.seq()).then().statusCode(200).body(containsString(batch.manifest().hex()));
        given().get("/batches/batches.csv").then().statusCode(200).body(containsString(batch.manifest().hex()));
        given().get("/v1/batches/99999").then().statusCode(404);
        given().get("/v1/batches/x").then().statusCode(404);
        given().get("/v1/batches/" + batch.seq() + "/lines/4294967295").then().statusCode(404);
        assertThat(verified("http://127.0.0.1:" + RestAssured.port + "/v1/batches/" + batch.seq())).contains("");

        onlyThePayerSeesSalts(batch.seq(), line, receipts.getLast(), key);
        isPaid(accounts.walletOf(demo.developer()));
        assertThat(zero("select sum(nanos) from ledger_posting")).isZero();
    }

    /** Of all that is published about a call, and whoever asks: the demo operator, another payer, nobody. */
    private void onlyThePayerSeesSalts(long batch, LineId line, String receipt, String key) throws Exception {
        byte[] secret = inTransaction(connection -> Database.list(connection, row -> row.getBytes(1),
                "select salt from usage where receipt = ?", UUID.fromString(receipt.replaceFirst(
                        "(.{8})(.{4})(.{4})(.{4})(.{12})", "$1-$2-$3-$4-$5"))))
                .getFirst();
        Salts salts = new Salts(secret);
        List<byte[]> secrets = List.of(secret, salts.body(), salts.request(), salts.answer());
        String itsReceipt = "/v1/receipts/" + receipt;
        String itsPage = "/receipts/" + receipt;
        String itsBatch = "/v1/batches/" + batch;
        List<String> addresses = List.of(itsReceipt, itsReceipt + "/proof", itsPage, "/v1/batches", itsBatch,
                itsBatch + "/manifest", itsBatch + "/lines/" + Integer.toUnsignedString(line.value()), "/batches/" + batch,
                "/batches/batches.csv");
        SigningKey operator = demo.keyOf(demo.operator()).orElseThrow();
        Browser operatorsBrowser = new Browser().signIn(operator);
        String othersKey = keys.create(demo.operator(), TestLines.adopted(lines, demo.operator()), "other", KeyLimits.NONE,
                null).secret();
        for (String address : addresses) {
            reveals(secrets, 0, given().get(address));
            reveals(secrets, 0, given().header("Authorization", "Bearer " + othersKey).get(address));
            reveals(secrets, 0, operatorsBrowser.request().accept("*/*").get(address));
        }
        reveals(secrets, 3, given().header("Authorization", "Bearer " + key).get(itsReceipt));
        Browser payersBrowser = new Browser().signIn(demo.callerKey());
        reveals(secrets, 3, payersBrowser.request().accept("*/*").get(itsReceipt));
        // A page is for reading; the salts of request and answer are for a program, which has them from the address above.
        reveals(secrets, 1, payersBrowser.request().get(itsPage));
    }

    /** How many of the secrets the answer contains, as bytes or as text. */
    private static void reveals(List<byte[]> secrets, int expected, Response answer) {
        answer.then().statusCode(200);
        String bytes = HexFormat.of().formatHex(answer.asByteArray());
        String text = answer.asString().toLowerCase(Locale.ROOT);
        assertThat(secrets.stream().map(HexFormat.of()::formatHex).filter(it -> bytes.contains(it) || text.contains(it)))
                .hasSize(expected);
    }

    private void isPaid(Address developer) throws Exception {
        Amount credited = balance(Account.credited(developer.text()));
        assertThat(credited.nanos()).isPositive();
        long before = token(developer);
        Amount withdrawnBefore = payouts.standing(developer).withdrawn();
        int withdrawals = payouts.withdrawals(developer).size();
        TestChain.travel(Duration.ofSeconds(121));
        until("the credit has matured", () -> payouts.standing(developer).withdrawable().equals(credited));
        payouts.withdraw(developer);
        payouts.withdraw(developer);
        until("the withdrawal is booked", () -> {
            TestChain.finalizeNow();
            settler.settle();
            return balance(Account.credited(developer.text())).isZero();
        });
        assertThat(token(developer) - before).isEqualTo(credited.nanos() / 1_000);
        assertThat(payouts.standing(developer).withdrawn()).isEqualTo(withdrawnBefore.plus(credited));
        assertThat(payouts.withdrawals(developer)).hasSize(withdrawals + 1);
    }

    /** Of the demo caller, with a deposit on the chain and in the books. */
    private LineId fundedLine() throws Exception {
        SigningKey payer = SigningKey.ofHex(KeyFolder.ofTrial(TestChain.DATA).get("demo-robin", () -> ""));
        transactions.know(payer);
        int before = opened(payer.address()).size();
        send(payer, calls.openLine(payer.address()));
        until("the line is there", () -> opened(payer.address()).size() > before);
        LineId line = new LineId(opened(payer.address()).getLast());
        send(payer, calls.approve(DEPOSIT));
        send(payer, calls.deposit(line.value(), DEPOSIT));
        String last = send(payer, calls.raiseCeiling(line.value(), DEPOSIT));
        until("the deposit is final", () -> {
            TestChain.finalizeNow();
            return inTransaction(connection -> transactions.find(connection, last)).orElseThrow()
                    .state() == Transactions.State.FINAL;
        });
        until("the deposit is booked", () -> balance(Account.line(line)).equals(DEPOSIT));
        return line;
    }

    private String send(SigningKey key, Call call) throws SQLException {
        String purpose = "test:" + UUID.randomUUID();
        inTransaction(connection -> {
            transactions.queue(connection, purpose, key.address(), call);
            return true;
        });
        return purpose;
    }

    private List<Integer> opened(Address owner) throws SQLException {
        return inTransaction(connection -> log.openedBy(connection, owner)).stream().map(logged -> logged.event().line())
                .toList();
    }

    private Batch newest(long seq) throws SQLException {
        return inTransaction(connection -> BatchRows.batches(connection, " where seq = ?", seq)).getFirst();
    }

    private Amount balance(Account account) throws SQLException {
        return inTransaction(connection -> ledger.balance(connection, account));
    }

    private long zero(String query) throws SQLException {
        return inTransaction(connection -> Database.list(connection, row -> row.getLong(1), query)).getFirst();
    }

    private <T> T inTransaction(Database.Work<T> work) throws SQLException {
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            T result = work.in(connection);
            connection.commit();
            connection.setAutoCommit(true);
            return result;
        }
    }

    private static long used(LineId line) {
        return word(TestChain.deployment().vault(), "lineOf(uint32)",
                ByteBuffer.allocate(32).putInt(28, line.value()).array(), 4);
    }

    private static long token(Address owner) {
        return word(TestChain.deployment().token(), "balanceOf(address)",
                ByteBuffer.allocate(32).put(12, owner.bytes()).array(), 0);
    }

    private static long word(Address contract, String function, byte[] argument, int index) {
        String data = "0x" + HexFormat.of().formatHex(Keccak.hash(function), 0, 4) + HexFormat.of().formatHex(argument);
        String answer = TestChain.rpc("eth_call", Map.of("to", contract.text(), "data", data), "latest").asText();
        return Long.parseUnsignedLong(answer, 2 + 64 * index + 48, 2 + 64 * (index + 1), 16);
    }

    /** As anybody runs it: what it says when it is not satisfied. */
    private static Optional<String> verified(String batch) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"), "farthing.receipt.Verify", batch, "--rpc",
                TestChain.deployment().rpc().toString()).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor(30, TimeUnit.SECONDS);
        return process.exitValue() == 0 ? Optional.of("") : Optional.of(said);
    }

    private long count(String query) throws SQLException {
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void until(String what, Callable<Boolean> holds) throws Exception {
        for (int i = 0; i < 600; i++) {
            if (holds.call()) {
                return;
            }
            Thread.sleep(100);
        }
        throw new AssertionError("not within a minute: " + what);
    }
}
