package farthing.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;

import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;

import javax.sql.DataSource;

import jakarta.inject.Inject;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestChain;
import farthing.TestDatabase;
import farthing.chain.ChainLog;
import farthing.chain.Deployment;
import farthing.chain.SigningKey;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.identity.Browser;
import farthing.identity.Demo;
import farthing.identity.LineBalances;
import farthing.identity.Lines;
import farthing.ledger.LineId;
import farthing.metering.FreezeReason;
import farthing.metering.Metering;
import farthing.money.Amount;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;

@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class BudgetsTest {

    @Inject
    Wallet wallet;
    @Inject
    Lines lines;
    @Inject
    Accounts accounts;
    @Inject
    LineBalances balances;
    @Inject
    Metering metering;
    @Inject
    ChainLog chain;
    @Inject
    Deployment deployment;
    @Inject
    Demo demo;
    @Inject
    DataSource source;

    private final SigningKey key = Wallet.fresh();

    @Test
    void aDepositIsSeenOnItsWayAndCountsOnceItIsFinal() throws Exception {
        Browser browser = new Browser().signIn(key);
        browser.request().get("/budgets").then().statusCode(200)
                .body(allOf(containsString("Open, deposit, allow"), containsString("At least $0.10"),
                        not(containsString("<article"))));

        LineId line;
        try (var _ = TestChain.still()) {
            line = wallet.open(key);
            wallet.deposit(key, line, Amount.ofTokens(5));
            browser.request().get("/budgets").then().body(allOf(containsString("id=\"line-" + line + "\""),
                    containsString("Deposit of"), containsString(" blocks"), containsString("5,000,000,000 nanos")));
            assertThat(lines.of(account())).isEmpty();
        }

        TestChain.finalizeNow();
        Wallet.until(() -> deposited(line).equals(Amount.ofTokens(5)));
        browser.request().get("/budgets").then().body(allOf(containsString("line " + line), not(containsString(" blocks")),
                containsString("raise the ceiling first"), containsString("History")));

        wallet.raise(key, line, Amount.ofTokens(3));
        TestChain.finalizeNow();
        Wallet.until(() -> left(line).equals(Amount.ofTokens(3)));
        browser.request().get("/keys").then().body(containsString("line " + line));
    }

    @Test
    void aVoucherIsRelayedByTheOperator() throws Exception {
        LineId line = wallet.open(key);
        wallet.deposit(key, line, Amount.ofTokens(4));
        Browser browser = new Browser().signIn(key);
        post(browser, line, line, 2_000_000, deployment.chainId(), in(Duration.ofDays(2))).statusCode(202);
        Wallet.until(() -> {
            TestChain.finalizeNow();
            return lines.of(account()).contains(line) && left(line).equals(Amount.ofTokens(2));
        });
        post(browser, line, line, 1_000_000, deployment.chainId(), in(Duration.ofDays(2))).statusCode(422)
                .body("detail", containsString("already; a ceiling only rises"));
    }

    @Test
    void vouchersThatWouldNotCountAreNamed() throws Exception {
        LineId line = wallet.open(key);
        Browser browser = new Browser().signIn(key);
        Instant late = in(Duration.ofDays(2));
        post(browser, line, new LineId(line.value() + 1), 2_000_000, deployment.chainId(), late).statusCode(422)
                .body("code", equalTo("voucher_refused")).body("detail", containsString("not for line " + line));
        post(browser, line, line, 2_000_000, 1, late).statusCode(422).body("detail", containsString("for chain 1"));
        post(browser, line, line, 2_000_000, deployment.chainId(), in(Duration.ofHours(23))).statusCode(422)
                .body("detail", containsString("less than 24 hours"));
        browser.form("/budgets").accept("application/json").formParam("line", "x").post("/budgets/" + line + "/vouchers").then()
                .statusCode(422).body("detail", containsString("cannot be read"));
        Browser other = new Browser().signIn(Wallet.fresh());
        post(other, line, line, 2_000_000, deployment.chainId(), late).statusCode(404)
                .body("detail", containsString("none of yours"));
    }

    @Test
    void anExitRequestIsSeenAtTheHead() throws Exception {
        LineId line = wallet.open(key);
        TestChain.finalizeNow();
        wallet.requestExit(key, line);
        Wallet.until(() -> {
            try (Connection connection = source.getConnection()) {
                return metering.frozen(connection, line).filter(FreezeReason.EXIT_REQUESTED::equals).isPresent();
            }
        });
        new Browser().signIn(key).request().get("/budgets").then().body(allOf(containsString("leaving"),
                containsString("You asked to leave"), containsString("Take the rest out"),
                not(containsString("Request the exit"))));
    }

    @Test
    void aLineIsRenamedOnThePage() throws Exception {
        LineId line = wallet.open(key);
        TestChain.finalizeNow();
        Wallet.until(() -> lines.of(account()).contains(line));
        Browser browser = new Browser().signIn(key);
        browser.form("/budgets").formParam("label", " search ").post("/budgets/" + line + "/label").then().statusCode(303);
        assertThat(lines.labelsOf(account())).isEqualTo(Map.of(line, "search"));
        browser.form("/budgets").formParam("label", " ").post("/budgets/" + line + "/label").then().statusCode(422)
                .body(containsString("at most 60 characters"));
    }

    @Test
    void theTrialsCallerHasItsDepositAndItsKeyOnThePage() throws Exception {
        Wallet.until(() -> balances.balances(demo.caller()).values().stream()
                .anyMatch(balance -> !balance.left().isZero() || !balance.used().isZero()));
        String page = new Browser().signIn(demo.callerKey()).request().get("/budgets").asString();
        assertThat(page).contains(demo.callerKey().secretHex()).contains("25,000,000,000 nanos");
        assertThat(new Browser().signIn(key).request().get("/budgets").asString()).doesNotContain("demoKey");
    }

    private ValidatableResponse post(Browser browser, LineId asked, LineId signed, long micros, long chainId,
            Instant deadline) {
        SpendVoucher voucher = new SpendVoucher(signed, Amount.ofNanos(micros * 1000), deadline);
        String signature = HexFormat.of().formatHex(key.sign(voucher.digest(chainId, deployment.vault())));
        return browser.form("/budgets").accept("application/json").formParam("line", signed.toString())
                .formParam("ceiling", Long.toString(micros)).formParam("deadline", Long.toString(deadline.getEpochSecond()))
                .formParam("chain_id", Long.toString(chainId)).formParam("vault", deployment.vault().text())
                .formParam("signature", signature).post("/budgets/" + asked + "/vouchers").then();
    }

    /** By the chain's time. */
    private Instant in(Duration time) throws Exception {
        try (Connection connection = source.getConnection()) {
            return chain.position(connection).orElseThrow().head().at().plus(time);
        }
    }

    private AccountId account() {
        return accounts.of(key.address());
    }

    private Amount deposited(LineId line) {
        return balances.balances(account()).getOrDefault(line, NOTHING).deposited();
    }

    private Amount left(LineId line) {
        return balances.balances(account()).getOrDefault(line, NOTHING).left();
    }

    private static final LineBalances.Balance NOTHING = new LineBalances.Balance(Amount.ZERO, Amount.ZERO, Amount.ZERO);
}
