package farthing.metering;

import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import farthing.identity.AccountId;
import farthing.identity.ApiKeyId;
import farthing.identity.ApiKeys;
import farthing.identity.KeySpending;
import farthing.money.Amount;

/** What keys spent, for the pages of other packages. */
@Singleton
class KeyMoney implements KeySpending {

    private final Database database;
    private final ApiKeys keys;
    private final Clock clock;

    KeyMoney(DataSource source, ApiKeys keys, Clock clock) {
        this.database = new Database(source);
        this.keys = keys;
        this.clock = clock;
    }

    @Override
    public Map<ApiKeyId, Spent> spent(AccountId account) {
        Long[] ids = keys.namesOf(account).keySet().stream().map(ApiKeyId::value).toArray(Long[]::new);
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("""
                    select api_key, sum(nanos), coalesce(sum(nanos) filter (where day = ?), 0) from key_spending
                    where api_key = any (?) group by api_key""")) {
                select.setDate(1, Date.valueOf(LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC)));
                select.setArray(2, connection.createArrayOf("bigint", ids));
                Map<ApiKeyId, Spent> spent = new LinkedHashMap<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        spent.put(new ApiKeyId(row.getLong(1)),
                                new Spent(Amount.ofNanos(row.getLong(3)), Amount.ofNanos(row.getLong(2))));
                    }
                }
                return spent;
            }
        });
    }
}
