package farthing.metering;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;

import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.sql.DataSource;

import jakarta.inject.Inject;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.TestDatabase;
import farthing.TestLines;
import farthing.catalog.Catalog;
import farthing.catalog.Listing;
import farthing.chain.SigningKey;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.identity.ApiKeys;
import farthing.identity.Browser;
import farthing.identity.Caller;
import farthing.identity.KeyLimits;
import farthing.identity.Lines;
import farthing.identity.PersonalTokens;
import farthing.identity.Scope;
import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.money.Amount;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import io.restassured.specification.RequestSpecification;

/** What a caller sees of its calls: by page, by file and by API. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class UsagePagesTest {

    @Inject
    Metering metering;
    @Inject
    Catalog catalog;
    @Inject
    Accounts accounts;
    @Inject
    Lines lines;
    @Inject
    ApiKeys keys;
    @Inject
    PersonalTokens tokens;
    @Inject
    Ledger ledger;
    @Inject
    DataSource source;
    @Inject
    Clock clock;
    @Inject
    ObjectMapper json;

    private final SigningKey wallet = SigningKey.generate(new SecureRandom());
    private Browser browser;
    private AccountId account;
    private Caller caller;

    @BeforeEach
    void allOfATestIsOnOneDay() throws InterruptedException {
        Instant now = clock.instant();
        Duration left = Duration.between(now, now.truncatedTo(ChronoUnit.DAYS).plus(1, ChronoUnit.DAYS));
        if (left.compareTo(Duration.ofMinutes(1)) < 0) {
            Thread.sleep(left.plusSeconds(1));
        }
    }

    @BeforeEach
    void signIn() throws SQLException {
        browser = new Browser().signIn(wallet);
        account = accounts.of(wallet.address());
        LineId line = TestLines.adopted(lines, account);
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            ledger.open(connection, Account.deposits());
            ledger.open(connection, Account.line(line));
            ledger.post(connection, Entry.transfer("deposit", "test:" + line, clock.instant(), Account.deposits(),
                    Account.line(line), Amount.ofTokens(1)));
            connection.commit();
            connection.setAutoCommit(true);
        }
        caller = keys.authenticate("Bearer " + keys.create(account, line, "=evil", KeyLimits.NONE, null).secret());
    }

    @Test
    void theFiguresAreSentAgainOnlyWhenTheyAreOthers() {
        charge("wren/kjv", 3, false);
        String seen = seen("/usage");
        browser.request().queryParam("seen", seen).get("/usage/now").then().statusCode(204);
        Charged more = charge("wren/kjv", 5, false);
        String fresh = browser.request().queryParam("seen", seen).get("/usage/now").then().statusCode(200)
                .body(not(containsString("<html"))).extract().asString();
        assertThat(fresh).contains("2 calls", "hx-swap-oob=\"innerHTML:#budget-left\"", "Spent today $");
        assertThat(value("Spent today", fresh)).isGreaterThan(more.amount().nanos());
        assertThat(browser.request().get("/usage").then().extract().asString()).doesNotContain("hx-swap-oob");
        given().redirects().follow(false).accept("text/html").get("/usage/now").then().statusCode(303);
    }

    @Test
    void thePageLeadsThroughTheLogAndKeepsWhatItWasAsked() {
        for (int i = 0; i < 51; i++) {
            charge(i % 2 == 0 ? "wren/kjv" : "wren/langdetect", 1, false);
        }
        Charged abandoned = charge("wren/kjv", 9, true);
        String page = page("/usage?show=calls");
        assertThat(page).contains("50 of 52 calls, newest first", "Calls per day by model", "\"unit\":\"calls\"");
        Matcher older = Pattern.compile("href=\"(/usage\\?show=calls&amp;before=[^\"#]+)#calls\"").matcher(page);
        assertThat(older.find()).isTrue();
        String second = page(older.group(1).replace("&amp;", "&"));
        assertThat(second).contains("2 of 52 calls", ">Newer<", ">Newest<").doesNotContain(">Older<");

        assertThat(page("/usage?state=abandoned&range=7")).contains("1 call, newest first", "/receipts/" + abandoned.receipt(),
                "name=\"range\" value=\"7\"", "name=\"state\" value=\"abandoned\"");
        assertThat(page("/usage?model=wren/langdetect")).contains("25 calls");
        assertThat(page("/usage?state=reversed")).contains("No call matches");
        Instant moment = clock.instant();
        assertThat(page("/usage?from=" + moment.plus(Duration.ofMinutes(2)))).contains("No call matches");
        assertThat(page("/usage?from=" + moment.minus(Duration.ofMinutes(2)).toString().substring(0, 16)))
                .contains("50 of at least 51 calls");
        assertThat(page("/usage?before=nonsense&from=never&range=x&key=%27")).contains("50 of 52 calls");
    }

    @Test
    void bothFilesHaveEveryCallOfTheFilterWithItsExactCharge() throws Exception {
        List<Charged> charged = new ArrayList<>();
        for (int i = 1; i <= 6; i++) {
            charged.add(charge("wren/kjv", i, i == 6));
        }
        charge("wren/langdetect", 1, false);
        List<String[]> lines = Arrays.stream(browser.request().accept("*/*").queryParam("model", "wren/kjv")
                .get("/usage/calls.csv").then()
                .statusCode(200).header("Content-Disposition", containsString("farthing-calls.csv")).extract().asString()
                .split("\n")).map(line -> line.split(",")).toList();
        assertThat(lines).hasSize(7);
        Map<String, Integer> column = new HashMap<>();
        Arrays.stream(lines.getFirst()).forEach(name -> column.put(name, column.size()));
        assertThat(lines.get(1)[column.getOrDefault("state", -1)]).isEqualTo("abandoned");
        assertThat(lines.get(1)[column.getOrDefault("key", -1)]).as("harmless in a spreadsheet").isEqualTo("\"'=evil\"");
        List<JsonNode> objects = new ArrayList<>();
        for (String line : browser.request().accept("*/*").queryParam("model", "wren/kjv").get("/usage/calls.ndjson").then()
                .statusCode(200)
                .contentType(startsWith("application/x-ndjson")).extract().asString().split("\n")) {
            objects.add(json.readTree(line));
        }
        assertThat(objects).hasSize(6);
        for (int i = 0; i < 6; i++) {
            Charged call = charged.get(5 - i);
            JsonNode object = objects.get(i);
            assertThat(object.get("receipt").asText()).isEqualTo(call.receipt().toString());
            assertThat(object.get("charge_nanos").asLong()).isEqualTo(call.amount().nanos());
            assertThat(object.get("input_tokens").asInt()).isEqualTo(6 - i);
            assertThat(object.get("offer").asLong()).isEqualTo(listing("wren/kjv").offer().id().value());
            assertThat(Instant.parse(object.get("started_at").asText())).isBeforeOrEqualTo(
                    Instant.parse(object.get("charged_at").asText()));
            assertThat(object.get("key_name").asText()).isEqualTo("=evil");
            for (String name : List.of("receipt", "charge_nanos", "offer", "started_at", "charged_at", "model", "streamed")) {
                assertThat(lines.get(i + 1)[column.getOrDefault(name, -1)]).as(name).isEqualTo(object.get(name).asText());
            }
        }
    }

    @Test
    void aTokenThatReadsTakesBothFilesAndAnotherIsToldWhyNot() {
        Charged charged = charge("wren/kjv", 3, false);
        charge("wren/langdetect", 1, false);
        for (String file : List.of("/usage/calls.csv", "/usage/calls.ndjson")) {
            assertThat(api(Scope.READ).accept("*/*").queryParam("model", "wren/kjv").get(file).then().statusCode(200).extract()
                    .asString()).contains(charged.receipt().toString()).doesNotContain("langdetect");
            api(Scope.PUBLISH).accept("*/*").redirects().follow(false).get(file).then().statusCode(403)
                    .contentType("application/problem+json").body("code", equalTo("wrong_scope"));
            for (String accept : List.of("*/*", "text/csv, application/x-ndjson")) {
                given().redirects().follow(false).accept(accept).header("Authorization", "Bearer fp_" + "x".repeat(49))
                        .get(file)
                        .then().statusCode(401).contentType("application/problem+json").header("WWW-Authenticate", "Bearer");
            }
            browser.request().accept("*/*").header("Authorization", "Bearer nonsense").get(file).then().statusCode(401);
            given().redirects().follow(false).accept("text/html, */*").get(file).then().statusCode(303);
        }
    }

    @Test
    void theApiHasTheSameSumsAndCalls() {
        long spent = 0;
        for (int i = 1; i <= 5; i++) {
            spent += charge("wren/kjv", i, false).amount().nanos();
        }
        charge("wren/langdetect", 0, false);
        JsonPath days = api(Scope.READ).get("/api/usage").then().statusCode(200).body("by", equalTo("model"))
                .body("days", hasSize(2)).extract().jsonPath();
        assertThat(days.getLong("days.find { it.model.startsWith('wren/kjv@') }.charge_nanos")).isEqualTo(spent);
        assertThat(days.getLong("days.find { it.model.startsWith('wren/kjv@') }.input_tokens")).isEqualTo(15);
        api(Scope.READ).queryParam("by", "key").get("/api/usage").then().body("days", hasSize(1))
                .body("days[0].key_name", equalTo("=evil")).body("days[0].key", equalTo((int) caller.key().value()))
                .body("days[0].calls", equalTo(6)).body("days[0].model", nullValue());
        api(Scope.READ).queryParam("by", "all").queryParam("to", "2020-01-01").get("/api/usage").then().body("days", hasSize(0))
                .body("from", equalTo("2019-12-03"));

        List<String> receipts = new ArrayList<>();
        String cursor = "";
        int pages = 0;
        do {
            JsonPath page = api(Scope.READ).queryParam("cursor", cursor).queryParam("limit", 2).queryParam("model", "wren/kjv")
                    .get("/api/usage/calls").then().statusCode(200).extract().jsonPath();
            receipts.addAll(page.getList("calls.receipt", String.class));
            cursor = page.getString("next");
            pages++;
        } while (cursor != null);
        assertThat(pages).isEqualTo(3);
        assertThat(receipts).hasSize(5).doesNotHaveDuplicates();
    }

    @Test
    void theApiSaysWhichWordItDoesNotUnderstandAndWhoMayNotAsk() {
        for (String query : List.of("state=free", "from=yesterday", "to=2026-02-30", "key=mine", "model=no/such", "cursor=1",
                "limit=501")) {
            api(Scope.READ).get("/api/usage/calls?" + query).then().statusCode(400).body("code", equalTo("wrong_usage_query"));
        }
        for (String query : List.of("by=version", "from=2026-11-28T14:00", "from=2026-11-28&to=2026-11-27",
                "from=2020-01-01&to=2026-01-01")) {
            api(Scope.READ).get("/api/usage?" + query).then().statusCode(400).body("code", equalTo("wrong_usage_query"));
        }
        api(Scope.PUBLISH).get("/api/usage/calls").then().statusCode(403);
        given().get("/api/usage").then().statusCode(401);
    }

    /** Whoever pays reads here what a call may answer. */
    @Test
    void everyPaidRouteIsDescribedWithItsChargeAndItsRefusals() {
        JsonPath description = given().accept("application/json").get("/q/openapi").then().statusCode(200).extract().jsonPath();
        Map<String, Map<String, Object>> paths = description.getMap("paths");
        List<String> paid = paths.entrySet().stream().filter(each -> each.getValue().containsKey("post"))
                .filter(each -> String.valueOf(each.getValue().get("post")).contains("apiKey")).map(Map.Entry::getKey).toList();
        assertThat(paid).contains("/v1/completions", "/v1/chat/completions", "/v1/embeddings", "/v1/classify");
        for (String path : paid) {
            String operation = "paths.'" + path + "'.post.";
            assertThat(description.getMap(operation + "responses.'200'.headers")).as(path)
                    .containsOnlyKeys("Farthing-Receipt", "Farthing-Charge", "Idempotent-Replayed");
            assertThat(description.getMap(operation + "responses")).as(path).containsKeys("400", "401", "402", "404", "409",
                    "422",
                    "429", "502", "503");
            assertThat(description.getString(operation + "description")).as(path).contains("/docs/billing");
        }
        for (String response : List.of("wait", "busy")) {
            assertThat(description.getMap("components.responses." + response + ".headers")).containsKey("Retry-After");
        }
        assertThat(description.getList("paths.'/api/usage/calls'.get.parameters.name")).contains("cursor", "limit", "state");
        given().accept("application/json").get("/q/openapi").then()
                .body("paths.'/api/usage'.get.parameters.name", hasItem("by"))
                .body("components.responses.budget.description",
                        allOf(containsString("402"), containsString("insufficient_funds")));
    }

    private Listing listing(String model) {
        return catalog.resolve(model);
    }

    private Charged charge(String model, int tokens, boolean abandoned) {
        try (Reservation call = metering.reserve(caller, listing(model), tokens, 1)) {
            return call.charge(new Consumed(new Units(tokens, 0, 1), Calls.bytes("request"), Calls.bytes("answer"), abandoned,
                    abandoned, clock.instant()), null);
        }
    }

    private String page(String address) {
        return browser.request().urlEncodingEnabled(false).get(address).then().statusCode(200).extract().asString();
    }

    private String seen(String address) {
        Matcher found = Pattern.compile("name=\"seen\" value=\"([^\"]+)\"").matcher(page(address));
        assertThat(found.find()).isTrue();
        return found.group(1);
    }

    private static long value(String label, String page) {
        Matcher found = Pattern.compile(label + "</dt><dd><data class=\"money\" value=\"(\\d+)\"").matcher(page);
        assertThat(found.find()).as(page).isTrue();
        return Long.parseLong(found.group(1));
    }

    private RequestSpecification api(Scope scope) {
        return given().urlEncodingEnabled(false).accept("application/json").header("Authorization",
                "Bearer " + tokens.create(account, "test", Set.of(scope), null).secret());
    }
}
