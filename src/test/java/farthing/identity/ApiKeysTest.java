package farthing.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.not;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import jakarta.inject.Inject;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.TestLines;
import farthing.chain.SigningKey;
import farthing.identity.ApiKeyRefused.ExpiredApiKey;
import farthing.identity.ApiKeyRefused.MissingApiKey;
import farthing.identity.ApiKeyRefused.RevokedApiKey;
import farthing.identity.ApiKeyRefused.WrongApiKey;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.web.Site;
import io.agroal.api.AgroalDataSource;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;

@QuarkusTest
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

    private final SigningKey wallet = SigningKey.generate(new SecureRandom());
    private AccountId account = new AccountId(0);
    private LineId line = new LineId(0);

    @BeforeEach
    void anAccountWithALine() {
        account = accounts.of(wallet.address());
        line = TestLines.adopted(lines, account);
    }

    @Test
    void aKeyLetsItsOwnerIn() {
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
                var row = statement.executeQuery("select api_key::text from api_key where id = " + key.id().value())) {
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
        ApiKeys later = new ApiKeys(Clock.offset(now, Duration.ofHours(1).plusSeconds(1)), database, site);
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
}
