package farthing.payment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Executors;
import java.util.stream.IntStream;

import jakarta.inject.Inject;

import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.identity.Demo;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;

@QuarkusTest
@WithTestResource(TestDatabase.class)
class LineMoneyTest {

    @Inject
    LineMoney money;
    @Inject
    Demo demo;

    @Test
    void moreReadersThanConnectionsDoNotStarveEachOther() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var readers = IntStream.range(0, 200).mapToObj(i -> threads.submit(() -> money.balances(demo.caller()))).toList();
            for (var reader : readers) {
                assertThat(reader.get()).isNotNull();
            }
        }
    }
}
