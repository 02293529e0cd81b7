package farthing.web;

import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;

import io.quarkus.scheduler.Scheduled;

/** Signed-in browsers, known by the hash of their cookie. */
@ApplicationScoped
public class Sessions {

    static final Duration LIFETIME = Duration.ofDays(14);

    private final Clock clock;

    Sessions(Clock clock) {
        this.clock = clock;
    }

    @Transactional
    void start(String token, long account) {
        new WebSession(Tokens.hash(token), account, clock.instant().plus(LIFETIME)).persist();
    }

    @Transactional
    Optional<Long> accountOf(String token) {
        return WebSession.alive(Tokens.hash(token), clock.instant()).map(session -> session.account);
    }

    @Transactional
    void end(String token) {
        WebSession.deleteById(Tokens.hash(token));
    }

    /** Nobody is signed in to the account any more. */
    @Transactional
    public void endAll(long account) {
        WebSession.delete("account", account);
    }

    @Scheduled(every = "1h", delayed = "1m")
    @Transactional
    void forgetExpired() {
        WebSession.deleteExpired(clock.instant());
    }
}
