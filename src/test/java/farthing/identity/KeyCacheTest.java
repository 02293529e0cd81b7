package farthing.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import javax.sql.DataSource;

import jakarta.enterprise.event.Event;
import jakarta.inject.Inject;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.TestLines;
import farthing.chain.SigningKey;
import farthing.identity.ApiKeyRefused.ExpiredApiKey;
import farthing.identity.ApiKeyRefused.ReplacedSecret;
import farthing.identity.ApiKeyRefused.RevokedApiKey;
import farthing.identity.ApiKeyRefused.WrongApiKey;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.web.Site;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;

/** A change made on one server, as another one on the same database learns of it. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class KeyCacheTest {

    @Inject
    ApiKeys keys;
    @Inject
    Accounts accounts;
    @Inject
    Lines lines;
    @Inject
    DataSource database;
    @Inject
    Site site;
    @Inject
    Event<KeysChanged> changed;

    private final AtomicLong nanos = new AtomicLong();
    private final AtomicInteger asked = new AtomicInteger();
    private volatile boolean away;
    private AccountId account = new AccountId(0);
    private LineId line = new LineId(0);
    private KeyCache cache;
    private ApiKeys other;

    @BeforeEach
    void anotherServer() throws SQLException {
        account = accounts.of(SigningKey.generate(new SecureRandom()).address());
        line = TestLines.adopted(lines, account);
        cache = new KeyCache(counted(), nanos::get);
        other = new ApiKeys(cache, changed, site, Clock.systemUTC());
        cache.look();
    }

    @Test
    void aKnownKeyAsksNobody() throws SQLException {
        String header = header(keys.create(account, line, "known", KeyLimits.NONE, null));
        other.authenticate(header);
        int before = asked.get();
        for (int second = 0; second < 5; second++) {
            cache.look();
            for (int i = 0; i < 100; i++) {
                other.authenticate(header);
            }
            nanos.addAndGet(Duration.ofSeconds(1).toNanos());
        }
        assertThat(asked.get() - before).as("its looks alone").isEqualTo(5);
    }

    @Test
    void aRevocationReachesAnotherServerWithItsNextLook() throws SQLException {
        NewApiKey key = keys.create(account, line, "revoked", KeyLimits.NONE, null);
        other.authenticate(header(key));
        keys.authenticate(header(key));
        keys.revoke(account, key.id());
        assertThatThrownBy(() -> keys.authenticate(header(key))).isInstanceOf(RevokedApiKey.class);
        assertThatCode(() -> other.authenticate(header(key))).as("it cannot know yet").doesNotThrowAnyException();
        cache.look();
        assertThatThrownBy(() -> other.authenticate(header(key))).isInstanceOf(RevokedApiKey.class);
        assertThatThrownBy(() -> other.authenticate(header(key))).as("remembered, too").isInstanceOf(RevokedApiKey.class);
    }

    @Test
    void aServerThatCannotLookBelievesNothingForLongerThanTwoSeconds() {
        NewApiKey key = keys.create(account, line, "stalled", KeyLimits.NONE, null);
        other.authenticate(header(key));
        keys.revoke(account, key.id());
        nanos.addAndGet(Duration.ofMillis(2_001).toNanos());
        assertThatThrownBy(() -> other.authenticate(header(key))).isInstanceOf(RevokedApiKey.class);
        away = true;
        assertThatThrownBy(() -> other.authenticate(header(key))).isInstanceOfSatisfying(KeysUnavailable.class, refused -> {
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.retryAfter()).isPresent();
        });
    }

    @Test
    void whateverChangedInASilenceIsFound() throws Exception {
        NewApiKey key = keys.create(account, line, "silence", KeyLimits.NONE, null);
        other.authenticate(header(key));
        keys.revoke(account, key.id());
        try (var connection = database.getConnection(); var statement = connection.createStatement()) {
            // As if it was long ago.
            statement.execute("update key_change set at = at - interval '1 minute' where api_key = " + key.id().value());
        }
        nanos.addAndGet(Duration.ofMinutes(1).toNanos());
        cache.look();
        assertThatThrownBy(() -> other.authenticate(header(key))).isInstanceOf(RevokedApiKey.class);
    }

    @Test
    void changedLimitsExpiryAndDeactivationReachAnotherServer() throws SQLException {
        NewApiKey key = keys.create(account, line, "changed", KeyLimits.NONE, null);
        other.authenticate(header(key));
        KeyLimits limits = new KeyLimits(Amount.ofTokens(3), null)
                .with(new MaxPrice(Amount.ofNanos(1), null, Amount.ofNanos(2), null))
                .with(new AllowedModels(java.util.List.of("wren/*", "a/b"))).with(new RateLimits(6, 7, 8));
        keys.change(account, key.id(), "renamed", limits, null);
        assertThat(keys.authenticate(header(key)).limits()).isEqualTo(limits);
        cache.look();
        assertThat(other.authenticate(header(key)).limits()).isEqualTo(limits);
        assertThat(keys.get(account, key.id()).name).isEqualTo("renamed");

        keys.change(account, key.id(), "renamed", limits, Instant.now().minusSeconds(1));
        cache.look();
        assertThatThrownBy(() -> other.authenticate(header(key))).isInstanceOf(ExpiredApiKey.class);
        keys.change(account, key.id(), "renamed", limits, null);
        accounts.deactivate(account, "A test.");
        assertThatThrownBy(() -> keys.authenticate(header(key))).isInstanceOf(DeactivatedAccount.class);
        cache.look();
        assertThatThrownBy(() -> other.authenticate(header(key))).isInstanceOf(DeactivatedAccount.class);
        accounts.reactivate(account);
        cache.look();
        assertThat(other.authenticate(header(key)).account()).isEqualTo(account);
    }

    @Test
    void aRotatedKeyHasTwoSecretsUntilTheOldOneEnds() throws SQLException {
        NewApiKey first = keys.create(account, line, "rotated", KeyLimits.NONE, null);
        NewApiKey second = keys.rotate(account, first.id(), Duration.ofHours(24));
        assertThat(second.id()).isEqualTo(first.id());
        assertThat(second.secret()).isNotEqualTo(first.secret());
        assertThat(other.authenticate(header(first)).key()).isEqualTo(other.authenticate(header(second)).key());
        assertThatThrownBy(() -> keys.rotate(account, first.id(), Duration.ZERO)).isInstanceOf(KeyRefused.class)
                .hasMessageContaining(first.secret().substring(0, 7));
        assertThatThrownBy(() -> keys.rotate(account, first.id(), Duration.ofDays(7).plusSeconds(1)))
                .isInstanceOf(KeyRefused.class).hasMessageContaining("168 hours");

        ApiKeys tomorrow = new ApiKeys(new KeyCache(database), changed, site,
                Clock.offset(Clock.systemUTC(), Duration.ofHours(25)));
        assertThatThrownBy(() -> tomorrow.authenticate(header(first))).isInstanceOf(ReplacedSecret.class);
        assertThat(tomorrow.authenticate(header(second)).key()).isEqualTo(first.id());

        keys.endOlder(account, first.id());
        assertThatThrownBy(() -> keys.authenticate(header(first))).isInstanceOf(ReplacedSecret.class);
        cache.look();
        assertThatThrownBy(() -> other.authenticate(header(first))).isInstanceOf(ReplacedSecret.class);
        assertThat(other.authenticate(header(second)).key()).isEqualTo(first.id());
        assertThatThrownBy(() -> keys.endOlder(account, first.id())).isInstanceOf(KeyRefused.class);
        NewApiKey third = keys.rotate(account, first.id(), Duration.ZERO);
        assertThatThrownBy(() -> keys.authenticate(header(second))).isInstanceOf(ReplacedSecret.class);
        keys.revoke(account, first.id());
        assertThatThrownBy(() -> keys.authenticate(header(third))).isInstanceOf(RevokedApiKey.class);
        assertThatThrownBy(() -> keys.rotate(account, first.id(), Duration.ZERO)).isInstanceOf(KeyRefused.class)
                .hasMessageContaining("revoked");
    }

    @Test
    void aSecretThatNeverWasIsNotRemembered() {
        String unknown = SecretForm.KEY.fresh(new SecureRandom());
        int before = asked.get();
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> other.authenticate("Bearer " + unknown)).isInstanceOf(WrongApiKey.class);
        }
        assertThat(asked.get() - before).isEqualTo(3);
    }

    private static String header(NewApiKey key) {
        return "Bearer " + key.secret();
    }

    private DataSource counted() {
        return (DataSource) Proxy.newProxyInstance(DataSource.class.getClassLoader(), new Class<?>[] { DataSource.class },
                (proxy, method, arguments) -> {
                    asked.incrementAndGet();
                    if (away) {
                        throw new SQLException("the database is away", "08001");
                    }
                    try {
                        return method.invoke(database, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
