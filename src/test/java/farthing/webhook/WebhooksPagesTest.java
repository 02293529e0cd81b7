package farthing.webhook;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import jakarta.inject.Inject;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.FakeUpstream;
import farthing.TestChain;
import farthing.TestDatabase;
import farthing.chain.SigningKey;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.identity.ApiKeys;
import farthing.identity.Browser;
import farthing.identity.Demo;
import farthing.identity.KeyLimits;
import farthing.identity.LineBalances;
import farthing.identity.PersonalTokens;
import farthing.identity.Scope;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.settlement.Settling;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import io.restassured.specification.RequestSpecification;

/** What somebody does at /webhooks and a program under /api/webhooks, and what then arrives. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class WebhooksPagesTest {

    private static final Pattern SECRET = Pattern.compile("whsec_[A-Za-z0-9+/=]{44}");

    @Inject
    Accounts accounts;
    @Inject
    PersonalTokens tokens;
    @Inject
    ApiKeys keys;
    @Inject
    Demo demo;
    @Inject
    LineBalances balances;
    @Inject
    Settling settling;
    @Inject
    Courier courier;
    @Inject
    BudgetLook budgetLook;
    @Inject
    BatchLook batchLook;
    @Inject
    DeliveryLog log;
    @Inject
    Hooks hooks;

    private final SigningKey wallet = SigningKey.generate(new SecureRandom());
    private final Browser browser = new Browser();
    private final FakeUpstream receiver = new FakeUpstream((_, to) -> to.json(200, "{\"thanks\":\"<b>\"}"));
    private AccountId account = new AccountId(0);

    @BeforeEach
    void signedIn() {
        browser.signIn(wallet);
        account = accounts.of(wallet.address());
    }

    @AfterEach
    void close() {
        receiver.close();
    }

    private String url() {
        return "http://localhost:" + receiver.port() + "/in";
    }

    @Test
    void aWebhookIsAddedTestedRotatedSwitchedAndDeletedWithoutScript() throws Exception {
        browser.request().get("/webhooks").then().statusCode(200).body(containsString("No webhook yet"));
        String made = browser.form("/webhooks").formParam("name", "accounting").formParam("url", url())
                .formParam("events", "farthing.batch.posted.v1").post("/webhooks").then().statusCode(200)
                .header("Cache-Control", "no-store").extract().asString();
        String secret = secretIn(made);
        long id = hooks.of(account).getFirst().id();
        String page = "/webhooks/" + id;
        browser.request().get(page).then().statusCode(200)
                .body(allOf(containsString(url()), not(containsString("whsec_")), containsString("Nothing sent yet")));

        browser.form(page).post(page + "/test").then().statusCode(303).header("Location", endsWith(page + "?done=test"));
        deliver();
        assertThat(receiver.requests).hasSize(1);
        String delivery = page + "/deliveries/" + log.page(id, null, 1, 0).getFirst().id();
        browser.request().get(page + "?state=delivered").then().statusCode(200).body(containsString("farthing.test.v1"));
        browser.request().get(page + "?state=failed").then().statusCode(200).body(containsString("No such delivery"));
        browser.request().get(delivery).then().statusCode(200).body(allOf(containsString("taken (200)"),
                containsString("{&quot;thanks&quot;:&quot;&lt;b&gt;&quot;}"), containsString("specversion")));
        browser.form(delivery).post(delivery + "/again").then().statusCode(303);
        deliver();
        assertThat(receiver.requests).hasSize(2);
        assertThat(receiver.requests.get(1).body()).isEqualTo(receiver.requests.getFirst().body());

        assertThat(secretIn(browser.form(page).post(page + "/secret").then().statusCode(200).extract().asString()))
                .isNotEqualTo(secret);
        browser.form(page).formParam("name", "books").formParam("url", url()).formParam("events", "farthing.payout.paid.v1")
                .post(page).then().statusCode(303);
        browser.form(page).post(page + "/off").then().statusCode(303);
        browser.form(page).post(page + "/test").then().statusCode(303).header("Location", endsWith("done=is-off"));
        browser.request().get("/webhooks").then().body(allOf(containsString("books"), containsString(">off<")));
        browser.form(page).post(page + "/on").then().statusCode(303);
        assertThat(hooks.get(account, id).on()).isTrue();
        // Beside the test and the delivery again.
        for (int i = 2; i < ByHand.A_MINUTE; i++) {
            browser.form(page).post(page + "/test").then().statusCode(303);
        }
        browser.form(page).post(page + "/test").then().statusCode(429).contentType(containsString("text/html"))
                .body(containsString("sent by hand in a minute. Try again in"));
        browser.form(page + "/delete").post(page + "/delete").then().statusCode(303);
        browser.request().get(page).then().statusCode(404);
    }

    @Test
    void whatIsWrongIsSaidAtItsFieldAndNothingIsLost() {
        browser.form("/webhooks").formParam("name", "").formParam("url", "ftp://files.example.org").post("/webhooks").then()
                .statusCode(422).body(allOf(containsString("value=\"ftp://files.example.org\""),
                        containsString("must begin with https://"), containsString("Give the webhook a name"),
                        containsString("Choose at least one event")));
        assertThat(hooks.of(account)).isEmpty();
    }

    @Test
    void aProgramDoesTheSameWithAToken() throws Exception {
        JsonPath made = api(Scope.MANAGE).body(Map.of("url", url(), "events",
                List.of("farthing.budget.reached.v1", "farthing.payout.paid.v1"))).post("/api/webhooks").then().statusCode(201)
                .body("webhook.state", equalTo("on")).body("webhook.name", equalTo("localhost")).extract().jsonPath();
        String address = "/api/webhooks/" + made.getLong("webhook.id");
        assertThat(made.getString("secret")).matches(SECRET);
        api(Scope.READ).body("{}").post("/api/webhooks").then().statusCode(403);
        api(Scope.READ).get("/api/webhooks").then().statusCode(200).body("id", hasItem((int) made.getLong("webhook.id")))
                .body(not(containsString("whsec_")));
        api(Scope.MANAGE).body(Map.of("url", "no", "events", List.of("farthing.x"))).post("/api/webhooks").then()
                .statusCode(422).body("code", equalTo("invalid_webhook")).body("errors.size()", equalTo(3));
        api(Scope.MANAGE).post(address + "/test").then().statusCode(202);
        deliver();
        long delivery = api(Scope.READ).get(address + "/deliveries").then().statusCode(200)
                .body("data[0].state", equalTo("delivered")).body("hasMore", equalTo(false)).extract().jsonPath()
                .getLong("data[0].id");
        api(Scope.READ).get(address + "/deliveries/" + delivery).then().statusCode(200)
                .body("event.type", equalTo("farthing.test.v1")).body("attempts[0].status", equalTo(200))
                .body("attempts[0].answer", startsWith("{\"thanks\""));
        api(Scope.MANAGE).post(address + "/deliveries/" + delivery + "/again").then().statusCode(202);
        api(Scope.MANAGE).body("{\"enabled\": false}").put(address).then().statusCode(200).body("state", equalTo("off"))
                .body("events.size()", equalTo(2));
        api(Scope.MANAGE).post(address + "/secret").then().statusCode(200).body("secret",
                not(equalTo(made.getString("secret"))));
        api(Scope.MANAGE).delete(address).then().statusCode(204);
        api(Scope.READ).get(address).then().statusCode(404).body("code", equalTo("no_such_webhook"));
    }

    @Test
    void anAccountHasAsManyAsItMay() {
        for (int i = 0; i < 10; i++) {
            hooks.create(account, "one", "http://127.0.0.1:9/", List.of("farthing.payout.paid.v1"));
        }
        browser.request().get("/webhooks").then().body(containsString("An account may have 10 webhooks"));
        api(Scope.MANAGE).body(Map.of("url", "http://127.0.0.1:9/", "events", List.of("farthing.payout.paid.v1")))
                .post("/api/webhooks").then().statusCode(422);
        accounts.deactivate(account, "A test.");
        assertThat(hooks.of(account)).noneMatch(Hook::on);
    }

    /** A paid call over HTTP that uses up a key's limit, and the batch that settles it on the chain. */
    @Test
    void thePayerOfACallIsToldOfItsBudgetAndItsBatch() throws Exception {
        AccountId payer = demo.caller();
        Hooks.Fresh hook = hooks.create(payer, "payer", url(),
                List.of("farthing.budget.reached.v1", "farthing.batch.posted.v1"));
        try {
            LineId line = funded(payer);
            long charge = call(keys.create(payer, line, "free", KeyLimits.NONE, null).secret());
            Amount limit = Amount.ofNanos(charge + charge / 8);
            long key = keys.create(payer, line, "nearly used", new KeyLimits(limit, null), null).id().value();
            String secret = keys.create(payer, line, "limited", new KeyLimits(limit, Amount.ofNanos(charge * 9)), null)
                    .secret();
            budgetLook.look();
            call(secret);
            budgetLook.look();
            deliver();
            assertThat(arrived("farthing.budget.reached.v1", "data.budget")).containsExactly("key_total", "key_total");
            assertThat(arrived("farthing.budget.reached.v1", "data.percent")).containsExactlyInAnyOrder("80", "100");
            assertThat(arrived("farthing.budget.reached.v1", "data.used_nanos")).contains(Long.toString(charge));
            assertThat(arrived("farthing.budget.reached.v1", "subject")).doesNotContain("key/" + key);

            for (int i = 0; i < 1_000 && arrived("farthing.batch.posted.v1", "data.state").isEmpty(); i++) {
                settling.settle();
                TestChain.finalizeNow();
                batchLook.look();
                deliver();
                Thread.sleep(50);
            }
            assertThat(arrived("farthing.batch.posted.v1", "data.state")).containsOnly("final");
            assertThat(arrived("farthing.batch.posted.v1", "data.lines.line").toString())
                    .contains(Integer.toUnsignedString(line.value()));
        } finally {
            hooks.delete(payer, hook.hook().id());
        }
    }

    private LineId funded(AccountId payer) throws InterruptedException {
        for (int i = 0; i < 600; i++) {
            var found = balances.balances(payer).entrySet().stream()
                    .filter(each -> each.getKey().value() < 1_000_000 && !each.getValue().left().isZero()).findFirst();
            if (found.isPresent()) {
                return found.get().getKey();
            }
            TestChain.mine(1);
            Thread.sleep(100);
        }
        throw new AssertionError("the trial's caller has no money");
    }

    private static long call(String key) {
        return Long.parseLong(given().header("Authorization", "Bearer " + key).contentType("application/json").body("""
                {"model": "wren/langdetect", "input": "Ein kurzer Satz."}""").post("/v1/classify").then().statusCode(200)
                .extract().header("Farthing-Charge"));
    }

    private List<String> arrived(String type, String path) {
        return receiver.requests.stream().map(request -> JsonPath.from(request.body()))
                .filter(event -> event.getString("type").equals(type)).map(event -> event.getString(path)).toList();
    }

    private void deliver() throws InterruptedException {
        courier.deliver();
        courier.awaitIdle();
    }

    private RequestSpecification api(Scope scope) {
        return given().header("Authorization", "Bearer " + tokens.create(account, "test", EnumSet.of(scope), null).secret())
                .contentType("application/json").accept("application/json");
    }

    private static String secretIn(String page) {
        Matcher found = SECRET.matcher(page.replace("&#x3D;", "=").replace("&#61;", "="));
        assertThat(found.find()).isTrue();
        return found.group();
    }
}
