package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import farthing.identity.AccountId;
import farthing.identity.Caller;
import farthing.receipt.ReceiptId;

class UsageLogTest {

    @Test
    void readsEveryCallOnceThoughManyAreOfTheSameMoment() throws Exception {
        try (Calls calls = new Calls(100_000)) {
            Caller someone = calls.caller();
            AccountId account = new AccountId(ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE));
            Caller caller = new Caller(someone.key(), account, someone.line(), someone.limits(), someone.replayKey());
            Callable<Object> call = () -> Calls.charged(calls.reserve(caller));
            List<ReceiptId> charged = Outcomes.of(IntStream.range(0, 600).mapToObj(i -> call).toList()).stream()
                    .map(outcome -> ((Charged) outcome).receipt()).toList();
            List<ReceiptId> read = new ArrayList<>();
            new UsageLog(calls.source).each(UsageFilter.all(account), each -> read.add(each.receipt()));
            assertThat(read).containsExactlyInAnyOrderElementsOf(charged);
        }
    }
}
