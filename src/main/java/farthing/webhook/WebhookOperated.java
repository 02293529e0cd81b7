package farthing.webhook;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import javax.sql.DataSource;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import farthing.web.Formats;
import farthing.web.Operated;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;

/** Whether this site does its part; an endpoint that takes nothing is its owner's to mend. */
@Singleton
class WebhookOperated implements Operated {

    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final Database database;
    private final DeliveryLog log;
    private final Clock clock;

    @Inject
    WebhookOperated(DataSource source, DeliveryLog log, Clock clock) {
        this(new Database(source), log, clock);
    }

    WebhookOperated(Database database, DeliveryLog log, Clock clock) {
        this.database = database;
        this.log = log;
        this.clock = clock;
    }

    void measure(@Observes StartupEvent event, MeterRegistry meters) {
        Gauge.builder("farthing.webhook.due", this, own -> own.log.due(own.clock.instant()).count())
                .description("Deliveries that are due and that nobody sends").register(meters);
    }

    @Override
    public String title() {
        return "Webhooks";
    }

    @Override
    public List<Concern> concerns() {
        List<Concern> concerns = new ArrayList<>();
        Instant late = clock.instant().minus(PATIENCE);
        DeliveryLog.Due due = log.due(late);
        if (due.count() > 0) {
            concerns.add(new Concern("webhooks-due",
                    due.count() + (due.count() == 1 ? " webhook delivery is" : " webhook deliveries are")
                            + " due, and nobody sends " + (due.count() == 1 ? "it." : "them."),
                    due.since(), "Look in the servers' logs for why: secrets that cannot be opened, or FARTHING_WEBHOOK_EVERY"
                            + " is off.",
                    null));
        }
        concerns.addAll(database.with(connection -> Database.list(connection,
                row -> new Concern("webhooks-" + row.getString("kind"),
                        "Nobody looks for what webhooks are told of a " + row.getString("kind") + ".",
                        Database.instant(row, "looked_at"), "Look in the servers' logs for why. Nothing is lost: it is told"
                                + " later.",
                        null),
                """
                        select kind, looked_at from webhook_look where looked_at < ?
                        and exists (select 1 from webhook where state = 'ON') order by kind""", late)));
        return concerns;
    }

    @Override
    public List<Fact> facts() {
        List<Fact> facts = new ArrayList<>();
        facts.addAll(database.with(connection -> Database.list(connection,
                row -> new Fact("Webhooks", Formats.grouped(row.getLong(1)) + " on, " + Formats.grouped(row.getLong(2))
                        + " failing or switched off for it"),
                """
                        select count(*) filter (where state = 'ON'),
                            count(*) filter (where state in ('FAILED', 'GONE') or state = 'ON' and failing_since is not null)
                        from webhook""")));
        facts.add(new Fact("Deliveries due", Formats.grouped(log.due(clock.instant()).count())));
        return facts;
    }
}
