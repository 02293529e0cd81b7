package farthing.metering;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import farthing.identity.ApiKeyId;
import farthing.identity.RateLimits;
import io.github.bucket4j.TimeMeter;

/** What this server and, as far as it has heard, the others have used of one key's limits of a minute and of now. */
final class KeyRate {

    /** Others take what is set aside for a server that is not heard of for longer: it may be dead. */
    static final Duration SILENCE = Duration.ofSeconds(10);
    /** So that nothing is used here that others may have taken already. */
    private static final Duration HEARD = Duration.ofSeconds(5);
    /** An account that nobody has heard of for longer begins again. */
    private static final Duration FORGOTTEN = Duration.ofMinutes(5);
    /** A bucket of a minute is full by then. */
    private static final Duration IDLE = Duration.ofSeconds(70);
    /** What was not there when others were last heard need not be asked for again at once. */
    private static final Duration FRESH = Duration.ofMillis(50);

    /** What one server says of one key. @param age since it said so, by the database's clock */
    record Account(long holder, long requests, long tokens, long streams, long requestsAside, long tokensAside,
            long streamsAside, long requestsLeft, long tokensLeft, Duration age) {

        boolean isHeard() {
            return age.compareTo(SILENCE) < 0;
        }
    }

    enum Outcome {
        TAKEN,
        /** Others must be heard first. */
        UNSURE,
        REFUSED
    }

    final ApiKeyId key;
    private final TimeMeter time;
    private final Measure.Flow requests;
    private final Measure.Flow tokens;
    private final Measure.Level streams;
    private final Map<Long, Account> others = new HashMap<>();
    private RateLimits limits;
    private long holder = LeaseId.random().value();
    private @Nullable Long heardAt;
    /** Whether what is set aside was said to the others. */
    private boolean told;
    private long usedAt;
    private int passages;

    KeyRate(ApiKeyId key, RateLimits limits, TimeMeter time) {
        this.key = key;
        this.limits = limits;
        this.time = time;
        this.requests = new Measure.Flow(limits.requestsPerMinute(), time);
        this.tokens = new Measure.Flow(limits.tokensPerMinute(), time);
        this.streams = new Measure.Level(limits.streams());
    }

    synchronized KeyRate enter(RateLimits now) {
        if (!now.equals(limits)) {
            limits = now;
            requests.change(now.requestsPerMinute());
            tokens.change(now.tokensPerMinute());
            streams.change(now.streams());
        }
        passages++;
        usedAt = time.currentTimeNanos();
        return this;
    }

    synchronized void leave() {
        passages--;
    }

    /** Whether nothing of it matters any more. */
    synchronized boolean isIdle() {
        return passages == 0 && since(usedAt).compareTo(IDLE) > 0;
    }

    synchronized long holder() {
        return holder;
    }

    Measure.Flow requests() {
        return requests;
    }

    Measure.Flow tokens() {
        return tokens;
    }

    Measure.Level streams() {
        return streams;
    }

    /** @param asked whether the others were heard for this very call */
    synchronized Outcome take(Measure measure, long amount, boolean asked) {
        boolean heard = isHeard();
        if (heard && measure.take(amount)) {
            return Outcome.TAKEN;
        }
        if (heard && (measure instanceof Measure.Flow && measure.unused() < amount
                || measure.left() < amount && (asked || since(heardAt).compareTo(FRESH) < 0))) {
            return Outcome.REFUSED;
        }
        measure.want(amount);
        return Outcome.UNSURE;
    }

    synchronized boolean isHeard() {
        return told && heardAt != null && since(heardAt).compareTo(HEARD) < 0;
    }

    synchronized void takeAnyway(Measure measure, long amount) {
        measure.takeAnyway(amount);
    }

    synchronized void giveBack(Measure measure, long amount) {
        measure.giveBack(amount);
    }

    synchronized <T> T read(Function<KeyRate, T> what) {
        return what.apply(this);
    }

    /** Takes in what the others say and says what this server has. */
    synchronized Account hear(List<Account> said) {
        boolean first = heardAt == null || since(heardAt).compareTo(FORGOTTEN) > 0;
        if (first) {
            begin(said);
        }
        List<Account> accounts = said.stream().filter(account -> account.holder != holder).toList();
        int heard = 0;
        long requestsAside = 0;
        long tokensAside = 0;
        long streamsAside = 0;
        Set<Long> present = new HashSet<>();
        for (Account account : accounts) {
            Account now = account.isHeard() ? account
                    : new Account(account.holder, account.requests, account.tokens, 0, 0, 0, 0, 0, 0, account.age);
            Account before = others.put(now.holder, now);
            present.add(now.holder);
            if (before != null || !first) {
                requests.usedByOthers(now.requests - (before == null ? 0 : before.requests));
                tokens.usedByOthers(now.tokens - (before == null ? 0 : before.tokens));
            }
            streams.usedByOthers(now.streams - (before == null ? 0 : before.streams));
            if (account.isHeard()) {
                heard++;
                requestsAside += now.requestsAside;
                tokensAside += now.tokensAside;
                streamsAside += now.streamsAside;
            }
        }
        others.values().removeIf(gone -> {
            if (present.contains(gone.holder)) {
                return false;
            }
            streams.usedByOthers(-gone.streams);
            return true;
        });
        requests.setAside(requestsAside, heard);
        tokens.setAside(tokensAside, heard);
        streams.setAside(streamsAside, heard);
        return new Account(holder, requests.account(), tokens.account(), streams.account(), requests.aside(), tokens.aside(),
                streams.aside(), requests.unused(), tokens.unused(), Duration.ZERO);
    }

    /** @param at when that was begun */
    synchronized void heard(long at) {
        heardAt = at;
        told = true;
    }

    /** What this server has was not said to the others, or may not have been. */
    synchronized void unheard() {
        told = false;
        requests.setNothingAside();
        tokens.setNothingAside();
        streams.setNothingAside();
    }

    private void begin(List<Account> accounts) {
        holder = LeaseId.random().value();
        others.clear();
        long requestsLeft = Long.MAX_VALUE;
        long tokensLeft = Long.MAX_VALUE;
        for (Account account : accounts) {
            requestsLeft = Math.min(requestsLeft, filled(account.requestsLeft, requests.limit, account.age));
            tokensLeft = Math.min(tokensLeft, filled(account.tokensLeft, tokens.limit, account.age));
        }
        requests.begin(requestsLeft);
        tokens.begin(tokensLeft);
        streams.begin();
    }

    private static long filled(long level, long limit, Duration since) {
        return level + limit * Math.min(since.toMillis(), 120_000) / 60_000;
    }

    /** As OpenAI's answers say it. */
    synchronized void tell(BiConsumer<String, String> header) {
        tell(header, "requests", requests);
        tell(header, "tokens", tokens);
    }

    private static void tell(BiConsumer<String, String> header, String what, Measure.Flow flow) {
        if (flow.isLimited()) {
            header.accept("x-ratelimit-limit-" + what, Long.toString(flow.limit));
            header.accept("x-ratelimit-remaining-" + what, Long.toString(Math.max(0, flow.left())));
            header.accept("x-ratelimit-reset-" + what, written(flow.reset()));
        }
    }

    /** {@code 340ms}, {@code 8s}, {@code 1m30s}: rounded up. */
    static String written(Duration time) {
        if (time.compareTo(Duration.ofSeconds(1)) < 0) {
            return time.toMillis() + "ms";
        }
        long seconds = time.plusMillis(999).toSeconds();
        return seconds < 60 ? seconds + "s" : seconds / 60 + "m" + seconds % 60 + "s";
    }

    private Duration since(@Nullable Long then) {
        return then == null ? FORGOTTEN : Duration.ofNanos(time.currentTimeNanos() - then);
    }
}
