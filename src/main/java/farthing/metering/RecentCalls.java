package farthing.metering;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import farthing.identity.AccountId;
import farthing.money.Amount;

/** Who has made calls lately. */
@Singleton
public class RecentCalls {

    private final Database database;

    RecentCalls(DataSource source) {
        this.database = new Database(source);
    }

    /** Those of these accounts that were charged for a call since then, and for the last one how much. */
    public Map<AccountId, Amount> lastCharges(Collection<AccountId> accounts, Instant since) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("""
                    select a.account, u.charge from unnest(?) a (account) cross join lateral (
                        select charge from usage where account = a.account and charged_at >= ?
                        order by charged_at desc limit 1) u""")) {
                select.setArray(1,
                        connection.createArrayOf("bigint", accounts.stream().map(AccountId::value).toArray(Long[]::new)));
                select.setTimestamp(2, Timestamp.from(since));
                Map<AccountId, Amount> charges = new LinkedHashMap<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        charges.put(new AccountId(row.getLong(1)), Amount.ofNanos(row.getLong(2)));
                    }
                }
                return charges;
            }
        });
    }
}
