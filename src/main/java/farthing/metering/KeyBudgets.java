package farthing.metering;

import java.sql.Connection;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import farthing.identity.ApiKeyId;
import farthing.money.Amount;

/** The budgets of the keys that this instance serves, read from the durable roll-up when a key is first seen. */
final class KeyBudgets {

    private final Database database;
    private final Clock clock;
    private final Map<ApiKeyId, KeyBudget> budgets = new ConcurrentHashMap<>();

    KeyBudgets(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    KeyBudget of(ApiKeyId key) {
        return budgets.computeIfAbsent(key, k -> database.read(connection -> load(connection, k)));
    }

    LocalDate today() {
        return LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    }

    private KeyBudget load(Connection connection, ApiKeyId key) throws SQLException {
        LocalDate today = today();
        try (PreparedStatement select = connection.prepareStatement("""
                select coalesce(sum(nanos), 0), coalesce(sum(nanos) filter (where day = ?), 0)
                from key_spending where api_key = ?""")) {
            select.setDate(1, Date.valueOf(today));
            select.setLong(2, key.value());
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return new KeyBudget(Amount.ofNanos(row.getLong(1)), Amount.ofNanos(row.getLong(2)), today);
            }
        }
    }
}
