package farthing.earnings;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.not;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import javax.sql.DataSource;

import jakarta.inject.Inject;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestChain;
import farthing.TestDatabase;
import farthing.TestLines;
import farthing.catalog.Catalog;
import farthing.catalog.Published;
import farthing.catalog.VersionId;
import farthing.chain.Address;
import farthing.chain.SigningKey;
import farthing.identity.Accounts;
import farthing.identity.ApiKeys;
import farthing.identity.Browser;
import farthing.identity.Demo;
import farthing.identity.KeyLimits;
import farthing.identity.LineBalances;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.money.Split;
import farthing.settlement.Settling;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;

/** What a developer is shown of what calls have earned, until it is in the developer's wallet. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class EarningsTest {

    @Inject
    Settling settling;
    @Inject
    Payouts payouts;
    @Inject
    Demo demo;
    @Inject
    Accounts accounts;
    @Inject
    ApiKeys keys;
    @Inject
    LineBalances balances;
    @Inject
    Catalog catalog;
    @Inject
    DataSource source;

    /** The page's figures, in nanos. */
    private record Figures(long withdrawable, long maturing, long owed, long withdrawn, long earned) {
    }

    private Browser developer = new Browser();

    @Test
    void whatCallsEarnedIsFollowedUntilItIsWithdrawn() throws Exception {
        developer = new Browser().signIn(demo.keyOf(demo.developer()).orElseThrow());
        Address wallet = accounts.walletOf(demo.developer());
        settleAll();
        takeOutWhatIsThere(wallet);
        Figures before = figures();
        List<Row> rowsBefore = rows();
        assertThat(before.withdrawable).isZero();
        assertThat(before.maturing).isZero();

        Row kjv = called("wren/kjv", "/v1/completions", """
                {"model": "wren/kjv", "prompt": "In the beginning", "max_tokens": 9, "temperature": 0}""", 3);
        Row minilm = called("wren/minilm-l6-v2-int8", "/v1/embeddings", """
                {"model": "wren/minilm-l6-v2-int8", "input": "the quick brown fox"}""", 2);
        long earned = kjv.earned + minilm.earned;
        assertThat(figures())
                .isEqualTo(new Figures(0, 0, before.owed + earned, before.withdrawn, before.earned + earned));
        assertThat(rows()).containsExactlyInAnyOrderElementsOf(Row.sum(rowsBefore, List.of(kjv, minilm)));

        Response refused = developer.form("/earnings").post("/earnings/withdraw");
        refused.then().statusCode(409).body(containsString(new NothingToWithdraw().detail()));
        assertThat(figures(refused.asString())).isEqualTo(figures());

        settleAll();
        Figures maturing = figures();
        // A credit is whole micro-units; the rest stays owed.
        long never = earnedOnLinesOfNoVault();
        long settled = before.owed - never + earned;
        assertThat(maturing.maturing).isEqualTo(settled / 1000 * 1000);
        assertThat(maturing).isEqualTo(new Figures(0, maturing.maturing, never + settled % 1000, before.withdrawn,
                before.earned + earned));
        developer.request().get("/earnings").then().body(containsString("maturing"),
                containsString("Nothing can be withdrawn at the moment"));

        TestChain.travel(Duration.ofSeconds(121));
        until(() -> figures().withdrawable > 0);
        assertThat(figures())
                .isEqualTo(new Figures(maturing.maturing, 0, maturing.owed, before.withdrawn, before.earned + earned));

        try (var _ = TestChain.still()) {
            developer.form("/earnings").post("/earnings/withdraw").then().statusCode(303);
            developer.request().get("/earnings").then()
                    .body(containsString(" of 3: your withdrawal"), containsString("button-main\" disabled>Withdraw"));
        }
        untilItIsFinal(wallet);
        assertThat(figures()).isEqualTo(
                new Figures(0, 0, maturing.owed, before.withdrawn + maturing.maturing, before.earned + earned));

        Payouts.Withdrawal withdrawal = payouts.withdrawals(wallet).getFirst();
        assertThat(withdrawal.to()).isEqualTo(wallet);
        developer.request().get("/earnings").then()
                .body(containsString(withdrawal.transaction()), not(containsString(" of 3: your withdrawal")));
        developer.request().accept("text/csv").get("/earnings/payouts.csv").then().statusCode(200)
                .body(containsString("withdrawal," + withdrawal.at() + "," + maturing.maturing + ",,final,,"
                        + withdrawal.transaction() + "," + withdrawal.block() + "," + wallet.text()));
        assertThat(payoutsOf("credit")).isEqualTo(payoutsOf("withdrawal")).isEqualTo(before.withdrawn + maturing.maturing);
    }

    @Test
    void thePlatformSeesItsPartOfEverybodysCalls() {
        Row kjv = called("wren/kjv", "/v1/completions", """
                {"model": "wren/kjv", "prompt": "And", "max_tokens": 2, "temperature": 0}""", 1);
        developer = new Browser().signIn(TestChain.keys().cold());
        Figures shown = figures();
        List<Row> rows = rows();
        assertThat(rows).allMatch(row -> row.role.equals("platform") && row.held == 0);
        assertThat(shown.earned).isEqualTo(rows.stream().mapToLong(Row::earned).sum()).isGreaterThan(0);
        assertThat(rows.stream().filter(row -> row.model.equals(kjv.model)).mapToLong(Row::charged).sum())
                .isGreaterThanOrEqualTo(kjv.charged);

        SigningKey other = TestChain.fundedKey();
        developer.link(other).form("/account").post("/account/wallets/" + other.address() + "/payout").then().statusCode(303);
        // What a wallet has earned stays on the page when the account is paid at another.
        assertThat(figures()).isEqualTo(shown);
        assertThat(rows()).isEqualTo(rows);
        developer.form("/earnings").formParam("wallet", other.address().text()).post("/earnings/withdraw").then()
                .statusCode(409).body(containsString(other.address().text()));
        developer.form("/earnings").formParam("wallet", accounts.walletOf(demo.developer()).text()).post("/earnings/withdraw")
                .then().statusCode(404).body(containsString("No such wallet"));
        String cold = "/account/wallets/" + TestChain.keys().cold().address();
        developer.form("/account").post(cold + "/payout").then().statusCode(303);
        developer.form("/account").post("/account/wallets/" + other.address() + "/unlink").then().statusCode(303);
        assertThat(figures()).isEqualTo(shown);
    }

    @Test
    void anAccountThatEarnedNothingIsToldHowToBegin() {
        SigningKey stranger = TestChain.fundedKey();
        Browser browser = new Browser().signIn(stranger);
        browser.request().get("/earnings").then().statusCode(200).body(containsString("Nothing earned yet"));
        browser.request().accept("text/csv").get("/earnings/earned.csv").then().statusCode(200)
                .body(not(containsString("wren")));
        given().redirects().follow(false).accept("text/html").get("/earnings").then().statusCode(303);
    }

    private record Row(String model, String role, long calls, long charged, long earned, long held) {

        /** By model, whatever the day: a test may run across midnight. */
        static List<Row> sum(List<Row> some, List<Row> more) {
            return Stream.concat(some.stream(), more.stream()).collect(Collectors.toMap(Row::model,
                    row -> row,
                    (a, b) -> new Row(a.model, a.role, a.calls + b.calls, a.charged + b.charged, a.earned + b.earned,
                            a.held + b.held)))
                    .values().stream().toList();
        }
    }

    /** As calls, and as what they should have earned: the sum of the developer's share of each. */
    private Row called(String model, String address, String body, int calls) {
        Split split = catalog.published(version(model)).split();
        long charged = 0;
        long earned = 0;
        long held = 0;
        String secret = keys.create(demo.caller(), funded(), "earnings", KeyLimits.NONE, null).secret();
        for (int i = 0; i < calls; i++) {
            Response answer = given().header("Authorization", "Bearer " + secret).contentType("application/json").body(body)
                    .post(address);
            answer.then().statusCode(200);
            Amount charge = Amount.ofNanos(Long.parseLong(answer.header("Farthing-Charge")));
            charged += charge.nanos();
            earned += split.divide(charge).developer().nanos();
            held += split.divide(charge).dataPool().nanos();
        }
        return new Row(catalog.published(version(model)).name(), "developer", calls, charged, earned, held);
    }

    private VersionId version(String model) {
        return catalog.versionsOf(demo.developer()).stream()
                .filter(version -> catalog.published(version).model().toString().equals(model)).findFirst().orElseThrow();
    }

    /** The line that the trial gave the demo caller. */
    private LineId funded() {
        until(() -> balances.balances(demo.caller()).values().stream().anyMatch(balance -> !balance.left().isZero()));
        return balances.balances(demo.caller()).entrySet().stream().filter(each -> !each.getValue().left().isZero())
                .findFirst().orElseThrow().getKey();
    }

    private void settleAll() {
        until(() -> {
            boolean more = settling.settle();
            TestChain.finalizeNow();
            return !more && payouts.standing(accounts.walletOf(demo.developer())).waiting().isZero();
        });
    }

    private void takeOutWhatIsThere(Address wallet) {
        if (!payouts.credits(wallet, 1, 0).isEmpty()) {
            TestChain.travel(Duration.ofSeconds(121));
            until(() -> payouts.standing(wallet).maturing().isEmpty());
            if (!payouts.standing(wallet).withdrawable().isZero()) {
                payouts.withdraw(wallet);
                untilItIsFinal(wallet);
            }
        }
    }

    private void untilItIsFinal(Address wallet) {
        until(() -> {
            TestChain.finalizeNow();
            Payouts.Attempt attempt = payouts.standing(wallet).attempt();
            return attempt != null && attempt.state() == Payouts.AttemptState.FINAL;
        });
    }

    private static final Pattern FIGURE = Pattern
            .compile("<(?:dt|h2)[^>]*>([^<]+)</(?:dt|h2)>\\s*<(?:dd|p)[^>]*><data class=\"money\" value=\"(-?\\d+)\"");

    /** None is ever lost on the way. */
    private Figures figures() {
        return figures(developer.request().get("/earnings").then().statusCode(200).extract().asString());
    }

    private static Figures figures(String page) {
        Matcher figure = FIGURE.matcher(page);
        List<String> names = new ArrayList<>();
        List<Long> nanos = new ArrayList<>();
        while (figure.find()) {
            names.add(figure.group(1));
            nanos.add(Long.valueOf(figure.group(2)));
        }
        assertThat(names).containsExactly("Withdrawable now", "Maturing", "Owed, not credited yet", "Withdrawn", "Earned");
        Matcher waiting = Pattern.compile("and <data class=\"money\" value=\"(\\d+)\"[^>]*>[^<]*</data> in a batch under way")
                .matcher(page);
        long underWay = waiting.find() ? Long.parseLong(waiting.group(1)) : 0;
        Figures found = new Figures(nanos.get(0), nanos.get(1), nanos.get(2), nanos.get(3), nanos.get(4));
        assertThat(found.withdrawable + found.maturing + found.owed + underWay + found.withdrawn).isEqualTo(found.earned);
        return found;
    }

    private List<Row> rows() {
        List<Row> rows = lines("/earnings/earned.csv").stream().skip(1).map(line -> line.split(","))
                .map(cells -> new Row(cells[1].substring(1, cells[1].length() - 1), cells[2], Long.parseLong(cells[3]),
                        Long.parseLong(cells[4]), Long.parseLong(cells[5]), Long.parseLong(cells[6])))
                .toList();
        return Row.sum(rows, List.of());
    }

    /** What calls of other tests earned on lines that no chain knows, which nothing settles. */
    private long earnedOnLinesOfNoVault() throws SQLException {
        try (Connection connection = source.getConnection();
                PreparedStatement select = connection
                        .prepareStatement("select version, charge from standing_usage where line >= ?")) {
            select.setInt(1, TestLines.FIRST);
            long earned = 0;
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    Published version = catalog.published(new VersionId(row.getInt(1)));
                    if (version.developer().equals(demo.developer())) {
                        earned += version.split().divide(Amount.ofNanos(row.getLong(2))).developer().nanos();
                    }
                }
            }
            return earned;
        }
    }

    private long payoutsOf(String kind) {
        return lines("/earnings/payouts.csv").stream().map(line -> line.split(",")).filter(cells -> cells[0].equals(kind))
                .mapToLong(cells -> Long.parseLong(cells[2])).sum();
    }

    private List<String> lines(String csv) {
        return developer.request().accept("text/csv").get(csv).then().statusCode(200).extract().asString().lines().toList();
    }

    private static void until(Callable<Boolean> holds) {
        try {
            for (int i = 0; i < 600; i++) {
                if (holds.call()) {
                    return;
                }
                Thread.sleep(100);
            }
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        throw new AssertionError("not within a minute");
    }
}
