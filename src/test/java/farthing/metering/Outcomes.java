package farthing.metering;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What each of many calls, all started at once, returned or threw. */
final class Outcomes {

    private Outcomes() {
    }

    static List<Object> of(List<Callable<Object>> calls) throws Exception {
        List<Object> outcomes = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Object> call : threads.invokeAll(calls.stream().<Callable<Object>> map(c -> () -> {
                try {
                    return c.call();
                } catch (RuntimeException e) {
                    return e;
                }
            }).toList())) {
                outcomes.add(call.get());
            }
        }
        return outcomes;
    }
}
