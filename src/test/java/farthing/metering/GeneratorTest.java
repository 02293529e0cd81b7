package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import javax.sql.DataSource;

import org.junit.jupiter.api.Test;

import farthing.Generator;
import farthing.MoneyOracle;
import farthing.TestDatabase;
import farthing.identity.AccountId;

class GeneratorTest {

    @Test
    void theBooksOfAGeneratedMarketAreRightAndAllOfItIsSettled() throws Exception {
        DataSource source = TestDatabase.separate("generated");
        try (Connection connection = source.getConnection(); Statement statement = connection.createStatement()) {
            Generator.Market market = new Generator(connection, new Generator.Sizes(200, 4_000, 7), line -> {
            }).fill();
            MoneyOracle.checkCalls(source);
            assertThat(new MoneyOracle(connection).balance("charges")).as("what calls were charged")
                    .isEqualTo(new MoneyOracle(connection).number("select sum(charge) from standing_usage"));
            try (ResultSet row = statement.executeQuery(
                    """
                            select (select count(*) from model), (select count(*) from usage), (select count(*) from unsettled_lease),
                                (select count(*) from usage_day where account = %d), (select count(*) from model where owner_account = %d),
                                (select count(*) from usage u left join version v on v.id = u.version left join offer o on o.id = u.offer
                                    left join lease l on l.id = u.lease left join api_key k on k.id = u.api_key and k.account = u.account
                                    where v.id is null or o.id is null or l.id is null or k.id is null),
                                (select count(*) from usage u left join receipt_commit c on c.id = u.commit_id
                                    and c.committed_at = u.charged_at where c.id is null)"""
                            .formatted(market.caller(), market.developer()))) {
                row.next();
                assertThat(row.getLong(1)).isEqualTo(200);
                assertThat(row.getLong(2)).isEqualTo(4_000);
                assertThat(row.getLong(3)).as("unsettled").isZero();
                assertThat(row.getLong(4)).isPositive();
                assertThat(row.getLong(5)).isPositive();
                assertThat(row.getLong(6)).as("calls that refer to nothing").isZero();
                assertThat(row.getLong(7)).as("calls that have not the time of their commit").isZero();
            }
            theLogEndsWhereUsagesWereDropped(source, statement, new AccountId(market.caller()));
        }
    }

    /** Roll-ups stay for good, single calls do not. */
    private static void theLogEndsWhereUsagesWereDropped(DataSource source, Statement statement, AccountId account)
            throws SQLException {
        statement.execute("drop table usage_before");
        String week;
        try (ResultSet row = statement.executeQuery("select name from usage_partition order by begins limit 1")) {
            row.next();
            week = row.getString(1);
        }
        statement.execute("drop table " + week);
        UsageLog log = new UsageLog(source);
        List<UsageLog.Call> kept = new ArrayList<>();
        log.each(UsageFilter.all(account), kept::add);
        UsageLog.Page page = log.page(UsageFilter.all(account), 50, null);
        assertThat(page.exact()).isTrue();
        assertThat(page.total()).isEqualTo(kept.size()).isGreaterThan(50);
        Instant since = Objects.requireNonNull(page.keptSince());
        assertThat(kept.getLast().at()).isAfter(since);
        UsageLog.Page last = log.page(UsageFilter.all(account), 50, UsageLog.Place.of(kept.get(kept.size() - 8)));
        assertThat(last.calls()).hasSize(7);
        assertThat(last.older()).isFalse();
    }
}
