package farthing.settlement;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;

import javax.sql.DataSource;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import farthing.web.Operated;

/** The batch under way, and what became of those before. */
@Singleton
class SettlementOperated implements Operated {

    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private final Database database;
    private final BooleanSupplier astray;
    private final Clock clock;

    @Inject
    SettlementOperated(DataSource source, Settler settler, Clock clock) {
        this(new Database(source), settler::astray, clock);
    }

    SettlementOperated(Database database, BooleanSupplier astray, Clock clock) {
        this.database = database;
        this.astray = astray;
        this.clock = clock;
    }

    @Override
    public String title() {
        return "Settlement";
    }

    @Override
    public List<Concern> concerns() {
        List<Concern> concerns = new ArrayList<>();
        database.read(BatchRows::newestLive)
                .filter(batch -> !batch.state().isOnChain() && batch.builtAt().isBefore(clock.instant().minus(PATIENCE)))
                .ifPresent(batch -> concerns.add(new Concern("batch-" + batch.id(), "Batch " + batch.seq()
                        + " is built and in no block, so nothing is settled: " + batch.receipts() + " receipts wait in it.",
                        batch.builtAt(), "See what keeps its transaction, under Chain.", "/batches/" + batch.seq())));
        if (astray.getAsBoolean()) {
            concerns.add(new Concern("settlement-astray",
                    "The chain's newest batch is none of ours, so no batch is built.", null,
                    "This database is older than the chain, or another one posts with the same key: stop the other, or restore"
                            + " the newest database.",
                    "/batches"));
        }
        return concerns;
    }

    @Override
    public List<Fact> facts() {
        List<Fact> facts = new ArrayList<>();
        database.read(BatchRows::newestLive)
                .ifPresentOrElse(
                        batch -> facts
                                .add(new Fact("Last batch", batch.seq() + ", " + batch.state().name().toLowerCase(Locale.ROOT),
                                        batch.builtAt(), "/batches/" + batch.seq())),
                        () -> facts.add(new Fact("Last batch", "none yet")));
        facts.add(new Fact("Batches given up or voided", Long.toString(database.read(connection -> Database.list(connection,
                row -> row.getLong(1), "select count(*) from batch where state in ('RELEASED', 'VOIDED')").getFirst()))));
        return facts;
    }
}
