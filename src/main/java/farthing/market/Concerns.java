package farthing.market;

import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;

import org.jboss.logging.Logger;

import farthing.web.Operated;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;

/** What needs a hand now, in all of the site. */
@Singleton
class Concerns {

    private static final Logger LOG = Logger.getLogger(Concerns.class);

    /** @param since when it began or, where nobody wrote that down, when this server first saw it */
    record Dated(Operated.Concern concern, String part, Instant since) {
    }

    private final List<Operated> parts;
    private final Clock clock;
    private final Map<String, Instant> firstSeen = new ConcurrentHashMap<>();

    Concerns(Instance<Operated> parts, Clock clock) {
        this.parts = parts.stream().sorted(Comparator.comparing(Operated::title)).toList();
        this.clock = clock;
    }

    void measure(@Observes StartupEvent event, MeterRegistry meters) {
        Gauge.builder("farthing.concerns", this, concerns -> concerns.now().size())
                .description("What needs a hand; /operator names each").register(meters);
    }

    List<Operated> parts() {
        return parts;
    }

    /** Oldest first. */
    List<Dated> now() {
        Instant now = clock.instant();
        List<Dated> all = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        for (Operated part : parts) {
            for (Operated.Concern concern : concernsOf(part)) {
                ids.add(concern.id());
                Instant seen = firstSeen.computeIfAbsent(concern.id(), _ -> now);
                all.add(new Dated(concern, part.title(), concern.since() == null ? seen : concern.since()));
            }
        }
        firstSeen.keySet().retainAll(ids);
        all.sort(Comparator.comparing(Dated::since));
        return all;
    }

    /** A part that cannot be looked at hides none of the others. */
    private static List<Operated.Concern> concernsOf(Operated part) {
        try {
            return part.concerns();
        } catch (RuntimeException e) {
            LOG.warnf(e, "%s cannot say what needs a hand", part.title());
            return List.of(new Operated.Concern("unseen-" + part.title(), part.title() + " cannot be looked at.", null,
                    "Look in the log for the reason; the database may be away.", null));
        }
    }
}
