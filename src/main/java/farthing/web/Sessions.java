package farthing.web;

import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;

import io.quarkus.scheduler.Scheduled;

/** Signed-in browsers, known by the hash of their cookie. */
@ApplicationScoped
class Sessions {

    static final Duration LIFETIME = Duration.ofDays(14);

    private final Clock clock;

    Sessions(Clock clock) {
        this.clock = clock;
    }

    @Transactional
    public void start(String token, long account) {
        new WebSession(Tokens.hash(token), account, clock.instant().plus(LIFETIME)).persist();
    }

    @Transactional
    public Optional<Long> accountOf(String token) {
        return WebSession.alive(Tokens.hash(token), clock.instant()).map(session -> session.account);
    }

    @Transactional
    public void end(String token) {
        WebSession.deleteById(Tokens.hash(token));
    }

    @Scheduled(every = "1h", delayed = "1m")
    @Transactional
    public void forgetExpired() {
        WebSession.deleteExpired(clock.instant());
    }
}
