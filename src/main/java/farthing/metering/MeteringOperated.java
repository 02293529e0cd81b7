package farthing.metering;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import javax.sql.DataSource;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import farthing.money.Amount;
import farthing.web.Formats;
import farthing.web.Operated;

/** Servers, the leases they hold, and the lines that take no calls. */
@Singleton
class MeteringOperated implements Operated {

    /** Others recover the leases of a dead server within seconds. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Database database;
    private final Duration deadAfter;
    private final Clock clock;

    @Inject
    MeteringOperated(DataSource source, MeteringConfig config, Clock clock) {
        this(new Database(source), config.deadAfter(), clock);
    }

    MeteringOperated(Database database, Duration deadAfter, Clock clock) {
        this.database = database;
        this.deadAfter = deadAfter;
        this.clock = clock;
    }

    @Override
    public String title() {
        return "Servers and leases";
    }

    @Override
    public List<Concern> concerns() {
        List<Concern> concerns = new ArrayList<>();
        concerns.addAll(rows("""
                select i.id, max(i.seen_at), count(*), sum(l.granted - l.used) from instance i join lease l on l.instance = i.id
                where l.state = 'OPEN' and i.seen_at < ? group by i.id order by 2 limit 50""",
                clock.instant().minus(deadAfter).minus(PATIENCE),
                row -> new Concern("lease-" + row.getLong(1),
                        "A server that is gone still holds " + row.getLong(3) + " lease" + (row.getLong(3) == 1 ? "" : "s")
                                + ", "
                                + Formats.dollars(Amount.ofNanos(row.getLong(4))) + " of its callers' budgets.",
                        row.getTimestamp(2).toInstant(),
                        "A running server takes them back by itself. Look in its log for why it does not.", null)));
        concerns.addAll(rows("""
                select line, since, reason from frozen_line where reason <> 'EXIT_REQUESTED' and since < ?
                order by since limit 50""", clock.instant(),
                row -> new Concern("line-" + row.getInt(1),
                        FreezeReason.valueOf(row.getString(3)).sentence("Line " + row.getInt(1)),
                        row.getTimestamp(2).toInstant(),
                        "Compare the line with the vault on chain; if the chain went back, it may come again by itself.",
                        null)));
        concerns.addAll(rows("select min(charged_at), count(*) from usage_astray where charged_at > ? having count(*) > 0",
                Instant.EPOCH, row -> new Concern("usage-astray",
                        row.getLong(2) + " calls were charged at a time that has no table.", row.getTimestamp(1).toInstant(),
                        "The clock of a server, or of the database, is or was far off: set it, and look at the log.", null)));
        return concerns;
    }

    @Override
    public List<Fact> facts() {
        Instant alive = clock.instant().minus(deadAfter);
        List<Fact> facts = new ArrayList<>();
        facts.addAll(rows("select count(*) from instance where seen_at >= ?", alive,
                row -> new Fact("Servers running", Long.toString(row.getLong(1)))));
        facts.addAll(
                rows("select count(*), coalesce(sum(granted - used), 0) from lease where state = 'OPEN' and opened_at <= ?",
                        clock.instant(), row -> new Fact("Open leases",
                                row.getLong(1) + ", " + Formats.dollars(Amount.ofNanos(row.getLong(2))) + " in them")));
        facts.addAll(rows("select count(*) from frozen_line where since <= ?", clock.instant(),
                row -> new Fact("Frozen lines", Long.toString(row.getLong(1)))));
        return facts;
    }

    private interface Read<T> {
        T of(ResultSet row) throws SQLException;
    }

    private <T> List<T> rows(String sql, Instant then, Read<T> read) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(sql)) {
                select.setTimestamp(1, Timestamp.from(then));
                try (ResultSet row = select.executeQuery()) {
                    List<T> all = new ArrayList<>();
                    while (row.next()) {
                        all.add(read.of(row));
                    }
                    return all;
                }
            }
        });
    }
}
