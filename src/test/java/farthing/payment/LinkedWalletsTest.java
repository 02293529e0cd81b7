package farthing.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.not;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Connection;
import java.time.Duration;
import java.util.Base64;
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
import farthing.identity.ApiKeyRefused;
import farthing.identity.ApiKeys;
import farthing.identity.Browser;
import farthing.identity.Caller;
import farthing.identity.Demo;
import farthing.identity.KeyLimits;
import farthing.identity.LineBalances;
import farthing.identity.Lines;
import farthing.identity.RateLimits;
import farthing.ledger.LineId;
import farthing.money.Amount;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import io.restassured.response.ValidatableResponse;

/** Lines of accounts with several wallets and with none, and the keys that a playground gets on them. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class LinkedWalletsTest {

    @Inject
    Wallet wallet;
    @Inject
    Lines lines;
    @Inject
    Accounts accounts;
    @Inject
    ApiKeys keys;
    @Inject
    LineBalances balances;
    @Inject
    ChainLog chain;
    @Inject
    Deployment deployment;
    @Inject
    Demo demo;
    @Inject
    DataSource source;

    @Test
    void aLineOfALinkedWalletIsTheAccountsAndKeepsTheWalletThere() throws Exception {
        SigningKey first = Wallet.fresh();
        SigningKey second = Wallet.fresh();
        Browser browser = new Browser().signIn(first).link(second);
        AccountId account = accounts.of(first.address());
        LineId line = wallet.open(second);
        String unlink = "/account/wallets/" + second.address() + "/unlink";
        browser.form("/account").post(unlink).then().statusCode(409).body(containsString("is open"));
        wallet.deposit(second, line, Amount.ofTokens(4));
        browser.form("/budgets").accept("application/json").formParams(voucher(second, line, 3_000_000))
                .post("/budgets/" + line + "/vouchers").then().statusCode(202);
        Wallet.until(() -> {
            TestChain.finalizeNow();
            LineBalances.Balance balance = balances.balances(account).get(line);
            return balance != null && balance.left().equals(Amount.ofTokens(3));
        });
        assertThat(lines.walletOf(line)).contains(second.address());
        browser.request().get("/budgets").then().body(allOf(containsString("data-owner=\"" + second.address() + "\""),
                not(containsString("another owner"))));
        browser.request().get(unlink).then().body(containsString("Line " + line + " belongs to this wallet and is open"));

        // The first wallet is of the same account, but the money is not its own.
        browser.form("/budgets").accept("application/json").formParams(voucher(first, line, 4_000_000))
                .post("/budgets/" + line + "/vouchers").then().statusCode(422);
        Browser stranger = new Browser().signIn(Wallet.fresh());
        stranger.form("/budgets").accept("application/json").formParams(voucher(second, line, 4_000_000))
                .post("/budgets/" + line + "/vouchers").then().statusCode(404);
    }

    @Test
    void anAccountWithoutAWalletIsToldToLinkOne() throws Exception {
        AccountId ada = accounts.create("ada");
        String token = "a-session-of-ada-" + ada.value();
        try (Connection connection = source.getConnection();
                var insert = connection.prepareStatement("insert into web_session values (?, ?, now() + interval '1 day')")) {
            insert.setString(1, Base64.getUrlEncoder().withoutPadding()
                    .encodeToString(MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8))));
            insert.setLong(2, ada.value());
            insert.executeUpdate();
        }
        Browser browser = new Browser();
        page(browser, token, "/budgets")
                .body(allOf(containsString("No wallet yet"), not(containsString("data-action=\"begin\""))));
        page(browser, token, "/earnings").body(containsString("No wallet to be paid at"));
        page(browser, token, "/earnings/payouts.csv");
        page(browser, token, "/earnings/earned.csv");
        page(browser, token, "/usage");
        page(browser, token, "/keys").body(containsString("No line yet"));
        page(browser, token, "/account").body(allOf(containsString("No wallet yet"), containsString("Link a wallet")));
    }

    @Test
    void aPlaygroundGetsAShortLivedKeyOnTheFullestLine() throws Exception {
        Wallet.until(() -> balances.balances(demo.caller()).values().stream().anyMatch(balance -> !balance.left().isZero()));
        Browser browser = new Browser().signIn(demo.callerKey());
        JsonPath one = playground(browser, "").statusCode(200).header("Cache-Control", "no-store")
                .body("limit", equalTo(500_000_000)).body("left", lessThanOrEqualTo(500_000_000)).extract().jsonPath();
        Caller caller = keys.authenticate("Bearer " + one.getString("secret"));
        assertThat(caller.limits())
                .isEqualTo(new KeyLimits(Amount.ofNanos(500_000_000), null).with(new RateLimits(60, null, 4)));
        assertThat(caller.line().toString()).isEqualTo(one.getString("line"));
        browser.request().get("/keys").then().body(containsString("Playground"));

        JsonPath two = playground(browser, "?line=" + one.getString("line")).statusCode(200).extract().jsonPath();
        assertThatThrownBy(() -> keys.authenticate("Bearer " + one.getString("secret")))
                .isInstanceOf(ApiKeyRefused.RevokedApiKey.class);
        assertThat(keys.authenticate("Bearer " + two.getString("secret")).account()).isEqualTo(demo.caller());
        playground(browser, "?line=4000000000").statusCode(404).body("code", equalTo("no_such_line"));

        playground(new Browser().signIn(Wallet.fresh()), "").statusCode(402).body("code", equalTo("no_budget"))
                .body("next.href", equalTo("/budgets"));
        browser.request().accept("application/json").post("/keys/playground").then().statusCode(403);
    }

    private static ValidatableResponse playground(Browser browser, String query) {
        return browser.request().accept("application/json").header("X-Csrf-Token", browser.csrf("/account"))
                .post("/keys/playground" + query).then();
    }

    private static ValidatableResponse page(Browser browser, String token, String path) {
        return browser.request().accept("text/html, text/csv").cookie("farthing_session", token).get(path).then()
                .statusCode(200);
    }

    private Map<String, String> voucher(SigningKey key, LineId line, long micros) throws Exception {
        try (Connection connection = source.getConnection()) {
            SpendVoucher voucher = new SpendVoucher(line, Amount.ofNanos(micros * 1000),
                    chain.position(connection).orElseThrow().head().at().plus(Duration.ofDays(2)));
            return Map.of("line", line.toString(), "ceiling", Long.toString(micros), "deadline",
                    Long.toString(voucher.deadline().getEpochSecond()), "chain_id", Long.toString(deployment.chainId()),
                    "vault",
                    deployment.vault().text(), "signature",
                    HexFormat.of().formatHex(key.sign(voucher.digest(deployment.chainId(), deployment.vault()))));
        }
    }
}
