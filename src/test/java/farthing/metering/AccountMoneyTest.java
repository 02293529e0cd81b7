package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;

import jakarta.inject.Inject;

import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.identity.Demo;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;

@QuarkusTest
@WithTestResource(TestDatabase.class)
class AccountMoneyTest {

    @Inject
    AccountMoney money;
    @Inject
    Demo demo;

    @Test
    void moreReadersThanConnectionsDoNotStarveEachOther() throws Exception {
        Callable<Object> read = () -> money.balances(demo.caller());
        var outcomes = Outcomes.of(IntStream.range(0, 200).mapToObj(i -> read).toList());
        assertThat(outcomes).allMatch(Map.class::isInstance);
    }
}
