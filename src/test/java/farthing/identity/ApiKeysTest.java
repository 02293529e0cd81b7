package farthing.identity;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import jakarta.enterprise.event.Event;
import jakarta.inject.Inject;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.TestLines;
import farthing.chain.SigningKey;
import farthing.identity.ApiKeyRefused.ExpiredApiKey;
import farthing.identity.ApiKeyRefused.MissingApiKey;
import farthing.identity.ApiKeyRefused.ReplacedSecret;
import farthing.identity.ApiKeyRefused.RevokedApiKey;
import farthing.identity.ApiKeyRefused.WrongApiKey;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.web.Site;
import io.agroal.api.AgroalDataSource;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import io.restassured.specification.RequestSpecification;

@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class ApiKeysTest {

    @Inject
    ApiKeys keys;
    @Inject
    Accounts accounts;
    @Inject
    Lines lines;
    @Inject
    AgroalDataSource database;
    @Inject
    Site site;
    @Inject
    KeyCache cache;
    @Inject
    PersonalTokens tokens;
    @Inject
    Event<KeysChanged> changed;

    private final SigningKey wallet = SigningKey.generate(new SecureRandom());
    private AccountId account = new AccountId(0);
    private LineId line = new LineId(0);

    @BeforeEach
    void anAccountWithALine() {
        account = accounts.of(wallet.address());
        line = TestLines.adopted(lines, account);
    }

    @Test
    void aKeyLetsItsOwnerIn() throws InterruptedException {
        KeyLimits limits = new KeyLimits(Amount.ofTokens(5), null);
        NewApiKey key = keys.create(account, line, "search", limits, null);
        assertThat(key.secret()).matches("fk_[0-9A-Za-z]{49}");
        assertThat(key.toString()).doesNotContain(key.secret());
        Caller caller = keys.authenticate("Bearer " + key.secret());
        assertThat(caller.key()).isEqualTo(key.id());
        assertThat(caller.account()).isEqualTo(account);
        assertThat(caller.line()).isEqualTo(line);
        assertThat(caller.limits()).isEqualTo(limits);
        assertThat(caller.toString()).doesNotContain(key.secret());
        assertThat(keys.authenticate("bearer  " + key.secret()).account()).isEqualTo(account);
        cache.tick();
        // The server ticks too, and may be just writing it.
        for (int i = 0; keys.get(account, key.id()).lastUsedAt == null && i < 600; i++) {
            Thread.sleep(100);
        }
        assertThat(keys.get(account, key.id()).lastUsedAt).isNotNull();
    }

    @Test
    void workOnAVirtualThreadOutsideARequest() throws Exception {
        String header = "Bearer " + keys.create(account, line, "virtual", KeyLimits.NONE, null).secret();
        CompletableFuture<Caller> caller = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                caller.complete(keys.authenticate(header));
            } catch (RuntimeException e) {
                caller.completeExceptionally(e);
            }
        });
        assertThat(caller.get(20, TimeUnit.SECONDS).account()).isEqualTo(account);
    }

    @Test
    void theDatabaseHoldsNeitherTheSecretNorTheReplayKey() throws Exception {
        NewApiKey key = keys.create(account, line, "secret", KeyLimits.NONE, null);
        String replayKey = HexFormat.of().formatHex(keys.authenticate("Bearer " + key.secret()).replayKey().aes().getEncoded());
        assertThat(replayKey).hasSize(64);
        try (var connection = database.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery(
                        "select k::text || s::text from api_key k join api_key_secret s on s.api_key = k.id where k.id = "
                                + key.id().value())) {
            assertThat(row.next()).isTrue();
            assertThat(row.getString(1)).doesNotContain(key.secret().substring(8)).doesNotContain(replayKey)
                    .contains(key.secret().substring(0, 7));
        }
    }

    @Test
    void theReplayKeyFollowsFromTheSecretAlone() {
        String one = keys.create(account, line, "one", KeyLimits.NONE, null).secret();
        String two = keys.create(account, line, "two", KeyLimits.NONE, null).secret();
        assertThat(keys.authenticate("Bearer " + one).replayKey().aes()).isEqualTo(ReplayKey.of(one).aes())
                .isNotEqualTo(keys.authenticate("Bearer " + two).replayKey().aes());
    }

    @Test
    void noKeySaysHowToSendOneAndWhereToMakeIt() {
        for (@Nullable
        String header : new @Nullable String[] { null, "", "Basic d3Jlbg==", "fk_abc" }) {
            assertThatThrownBy(() -> keys.authenticate(header)).isInstanceOf(MissingApiKey.class)
                    .hasMessageContaining("Authorization: Bearer fk_").hasMessageContaining("/keys");
        }
    }

    @Test
    void aWrongKeySaysWhetherItIsMistyped() {
        String secret = keys.create(account, line, "mistyped", KeyLimits.NONE, null).secret();
        char other = secret.charAt(20) == 'x' ? 'y' : 'x';
        String mistyped = secret.substring(0, 20) + other + secret.substring(21);
        assertThatThrownBy(() -> keys.authenticate("Bearer " + mistyped)).isInstanceOf(WrongApiKey.class)
                .hasMessageContaining("mistyped");
        assertThatThrownBy(() -> keys.authenticate("Bearer sk-something")).isInstanceOf(WrongApiKey.class)
                .hasMessageContaining("keys are fk_");
        String unknown = SecretForm.KEY.fresh(new SecureRandom());
        assertThatThrownBy(() -> keys.authenticate("Bearer " + unknown)).isInstanceOf(WrongApiKey.class)
                .hasMessageContaining("No account").hasMessageNotContaining(unknown);
    }

    @Test
    void aRevokedKeyIsRefusedAtOnce() {
        NewApiKey key = keys.create(account, line, "revoked", KeyLimits.NONE, null);
        keys.revoke(account, key.id());
        keys.revoke(account, key.id());
        assertThatThrownBy(() -> keys.authenticate("Bearer " + key.secret())).isInstanceOf(RevokedApiKey.class);
    }

    @Test
    void nobodyRevokesTheKeyOfAnother() {
        NewApiKey key = keys.create(account, line, "mine", KeyLimits.NONE, null);
        AccountId other = accounts.of(SigningKey.generate(new SecureRandom()).address());
        assertThatThrownBy(() -> keys.revoke(other, key.id())).isInstanceOf(NoSuchKey.class);
        assertThatThrownBy(() -> keys.create(other, line, "theirs", KeyLimits.NONE, null))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(keys.authenticate("Bearer " + key.secret()).account()).isEqualTo(account);
    }

    @Test
    void aKeyExpiresAtItsMoment() {
        Clock now = Clock.systemUTC();
        Instant end = now.instant().plusSeconds(3600);
        NewApiKey key = keys.create(account, line, "expiring", KeyLimits.NONE, end);
        assertThat(keys.authenticate("Bearer " + key.secret()).account()).isEqualTo(account);
        ApiKeys later = new ApiKeys(new KeyCache(database), changed, site,
                Clock.offset(now, Duration.ofHours(1).plusSeconds(1)));
        assertThatThrownBy(() -> later.authenticate("Bearer " + key.secret())).isInstanceOf(ExpiredApiKey.class);
    }

    @Test
    void thePageShowsAKeyOnceAndThenRevokesIt() {
        Browser browser = new Browser().signIn(wallet);
        browser.request().get("/keys").then().statusCode(200).body(containsString("No key yet"));
        String page = browser.form("/keys").formParam("name", "search <staging>").formParam("line", line.value())
                .formParam("total", "5").formParam("daily", "0.50").formParam("expires", "").post("/keys").then()
                .statusCode(200).header("Cache-Control", "no-store").extract().asString();
        Matcher secret = Pattern.compile("fk_[0-9A-Za-z]{49}").matcher(page);
        assertThat(secret.find()).isTrue();
        assertThat(page).contains("curl ").contains("search &lt;staging&gt;");
        Caller caller = keys.authenticate("Bearer " + secret.group());
        assertThat(caller.limits()).isEqualTo(new KeyLimits(Amount.ofTokens(5), Amount.ofNanos(500_000_000)));
        browser.request().get("/keys").then().body(allOf(not(containsString(secret.group())),
                containsString(secret.group().substring(0, 7)), containsString("500,000,000 nanos")));

        String revoke = "/keys/" + caller.key().value() + "/revoke";
        browser.request().get(revoke).then().statusCode(200).body(containsString("cannot be undone"));
        browser.form(revoke).post(revoke).then().statusCode(303);
        browser.request().get("/keys").then().body(allOf(containsString("1 revoked or expired key is not shown"),
                containsString("None is active"), not(containsString("search &lt;"))));
        browser.request().get("/keys?ended=true").then()
                .body(allOf(containsString("search &lt;staging&gt;"), containsString("Hide revoked")));
        assertThatThrownBy(() -> keys.authenticate("Bearer " + secret.group())).isInstanceOf(RevokedApiKey.class);
    }

    @Test
    void withoutALineThereIsNothingToDrawOn() {
        Browser browser = new Browser().signIn(SigningKey.generate(new SecureRandom()));
        browser.request().get("/keys").then().statusCode(200).body(
                allOf(containsString("No line yet"), containsString("href=\"/budgets\""), not(containsString("Create key"))));
        browser.request().get("/account").then().statusCode(200).body(containsString("No line yet"));
        browser.form("/account").formParam("name", "early").formParam("line", line.value()).post("/keys").then()
                .statusCode(422);
    }

    @Test
    void everyFieldOfTheFormHasItsError() {
        Browser browser = new Browser().signIn(wallet);
        String page = browser.form("/keys").formParam("name", " ").formParam("line", "999999").formParam("total", "-1")
                .formParam("daily", "lots").formParam("expires", "2020-01-01").post("/keys").then().statusCode(422).extract()
                .asString();
        assertThat(page).contains("Give the key a name.").contains("Choose one of your lines.").contains("id=\"total-error\"")
                .contains("id=\"daily-error\"").contains("Choose today or a later day.").contains("value=\"lots\"");
        assertThat(keys.of(account)).isEmpty();
    }

    @Test
    void allLimitsCanBeSetSeenAndChanged() {
        Browser browser = new Browser().signIn(wallet);
        String page = browser.form("/keys").formParam("name", "narrow").formParam("line", line.value())
                .formParam("models", "wren/*, robin/echo").formParam("max_output", "0.40").formParam("max_call", "0.001")
                .formParam("requests", "1,000").formParam("streams", "1").post("/keys").then().statusCode(200).extract()
                .asString();
        assertThat(page).contains("only wren/*, robin/echo").contains("at most $0.40 for 1 million output tokens")
                .contains("1,000 requests a minute").contains("1 stream at once");
        Matcher secret = Pattern.compile("fk_[0-9A-Za-z]{49}").matcher(page);
        assertThat(secret.find()).isTrue();
        Caller caller = keys.authenticate("Bearer " + secret.group());
        assertThat(caller.limits())
                .isEqualTo(new KeyLimits(null, null,
                        new MaxPrice(null, Amount.ofNanos(400_000_000), Amount.ofNanos(1_000_000), null),
                        new AllowedModels(List.of("wren/*", "robin/echo")), new RateLimits(1000, null, 1)));

        String address = "/keys/" + caller.key().value();
        assertThat(browser.request().get(address).then().statusCode(200).extract().asString()).contains("value=\"0.4\"")
                .contains("value=\"1000\"").contains("<details class=\"reveal\" open>").contains("narrow")
                .doesNotContain(secret.group());
        browser.form(address).formParam("name", "wide").formParam("daily", "2").formParam("expires", "2099-12-31").post(address)
                .then().statusCode(303).header("Location", endsWith(address + "?done=saved"));
        assertThat(keys.authenticate("Bearer " + secret.group()).limits())
                .isEqualTo(new KeyLimits(null, Amount.ofTokens(2)));
        assertThat(keys.get(account, caller.key()).expiresAt).isEqualTo("2100-01-01T00:00:00Z");
        assertThat(browser.request().get(address + "?done=saved").asString()).contains("Saved.").contains("wide")
                .contains("value=\"2099-12-31\"").contains("value=\"2\"");
        String rejected = browser.form(address).formParam("name", "").formParam("models", "wren").formParam("tokens", "0")
                .formParam("max_item", "free").post(address).then().statusCode(422).extract().asString();
        assertThat(rejected).contains("Give the key a name.").contains("“wren” is no model")
                .contains("Write a whole number above zero").contains("id=\"max_item-error\"").contains("Nothing was saved");
        assertThat(keys.get(account, caller.key()).name).isEqualTo("wide");
    }

    @Test
    void aKeyIsRotatedOnItsPage() {
        Browser browser = new Browser().signIn(wallet);
        NewApiKey first = keys.create(account, line, "turning", KeyLimits.NONE, null);
        String address = "/keys/" + first.id().value();
        String page = browser.form(address).formParam("keep", "72").post(address + "/rotate").then().statusCode(200)
                .header("Cache-Control", "no-store").extract().asString();
        Matcher secret = Pattern.compile("fk_[0-9A-Za-z]{49}").matcher(page);
        assertThat(secret.find()).isTrue();
        assertThat(page).contains("lives until").contains("Two secrets at most").contains(first.secret().substring(0, 7));
        assertThat(keys.authenticate("Bearer " + secret.group()).key()).isEqualTo(first.id());
        assertThat(keys.authenticate("Bearer " + first.secret()).key()).isEqualTo(first.id());
        browser.form(address).formParam("keep", "0").post(address + "/rotate").then().statusCode(409)
                .body(containsString("End it, or wait"));
        browser.request().get("/keys").then().body(allOf(containsString(first.secret().substring(0, 7)),
                containsString(secret.group().substring(0, 7)), not(containsString(secret.group()))));
        browser.form(address).post(address + "/end-older").then().statusCode(303);
        assertThatThrownBy(() -> keys.authenticate("Bearer " + first.secret())).isInstanceOf(ReplacedSecret.class);
        browser.request().get(address + "?done=ended").then().body(allOf(containsString("The older secret has ended."),
                not(containsString("End now")), containsString("Make a new secret")));
        keys.revoke(account, first.id());
        browser.request().get(address).then().statusCode(200)
                .body(allOf(containsString("revoked"), not(containsString("Make a new secret")),
                        not(containsString("Save</"))));
        browser.form("/keys").formParam("name", "x").post(address).then().statusCode(409);
        new Browser().signIn(SigningKey.generate(new SecureRandom())).request().get(address).then().statusCode(404);
    }

    @Test
    void aProgramManagesKeysWithAToken() {
        String all = tokens.create(account, "all", EnumSet.of(Scope.READ, Scope.MANAGE), null).secret();
        String reading = tokens.create(account, "reading", EnumSet.of(Scope.READ), null).secret();
        JsonPath made = as(all).body("""
                {"name": "by program", "line": %d, "per_day": 500000000, "models": ["wren/*"], "requests_per_minute": 60,
                 "max_price": {"per_million_output_tokens": 400000000}}""".formatted(Integer.toUnsignedLong(line.value())))
                .post("/api/keys").then().statusCode(201).header("Cache-Control", "no-store").extract().jsonPath();
        Caller caller = keys.authenticate("Bearer " + made.getString("secret"));
        assertThat(caller.limits()).isEqualTo(new KeyLimits(null, Amount.ofNanos(500_000_000),
                new MaxPrice(null, Amount.ofNanos(400_000_000), null, null), new AllowedModels(List.of("wren/*")),
                new RateLimits(60, null, null)));
        String address = "/api/keys/" + made.getLong("key.id");
        as(reading).get("/api/keys").then().statusCode(200).body("name", hasItem("by program"))
                .body("[0].secrets[0].prefix", equalTo(made.getString("secret").substring(0, 7)))
                .body("[0].limits.requests_per_minute", equalTo(60)).body("[0].state", equalTo("active"))
                .body("[0].spent_today", equalTo(0));
        as(reading).body("{}").post("/api/keys").then().statusCode(403);
        as(reading).delete(address).then().statusCode(403);
        as(all).body("{\"name\": \"\", \"total\": 0, \"models\": [\"Wren\"], \"streams\": -1}").post("/api/keys").then()
                .statusCode(422)
                .body("errors.param", hasItems("name", "total", "models", "streams", "line"));
        as(all).body("{\"name\": \"renamed\", \"tokens_per_minute\": 9}").put(address).then().statusCode(200)
                .body("name", equalTo("renamed")).body("limits.per_day", nullValue())
                .body("limits.tokens_per_minute", equalTo(9));
        assertThat(keys.authenticate("Bearer " + made.getString("secret")).limits())
                .isEqualTo(KeyLimits.NONE.with(new RateLimits(null, 9, null)));

        as(all).body("{\"keep_hours\": 169}").post(address + "/rotate").then().statusCode(422);
        String second = as(all).post(address + "/rotate").then().statusCode(200).body("key.secrets", hasSize(2))
                .body("key.secrets[1].ends_at", notNullValue()).extract().path("secret");
        as(all).post(address + "/rotate").then().statusCode(409).body("code", equalTo("two_secrets_alive"));
        as(all).post(address + "/end-older").then().statusCode(200).body("secrets", hasSize(1));
        as(all).post(address + "/end-older").then().statusCode(409);
        assertThat(keys.authenticate("Bearer " + second).key()).isEqualTo(caller.key());
        as(all).delete(address).then().statusCode(200).body("state", equalTo("revoked"));
        assertThatThrownBy(() -> keys.authenticate("Bearer " + second)).isInstanceOf(RevokedApiKey.class);
        as(all).body("{\"name\": \"x\"}").put(address).then().statusCode(409);
        given().get("/q/openapi?format=json").then().body(containsString("/api/keys/{id}/rotate"));
    }

    private static RequestSpecification as(String token) {
        return given().header("Authorization", "Bearer " + token).contentType("application/json");
    }
}
