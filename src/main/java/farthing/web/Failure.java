package farthing.web;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;

/** What every shape of an error answer is made from. */
record Failure(int status, String code, String title, String detail, @Nullable String param, @Nullable NextStep nextStep,
        @Nullable Duration retryAfter, List<Fault> faults) {

    static Failure of(Problem problem) {
        return new Failure(problem.status(), problem.code(), title(problem.code()), problem.detail(),
                problem.param().orElse(null), problem.nextStep().orElse(null), problem.retryAfter().orElse(null),
                problem.faults());
    }

    static Failure of(int status, String code, String detail, @Nullable String param) {
        return new Failure(status, code, title(code), detail, param, null, null, List.of());
    }

    private static String title(String code) {
        String words = code.replace('_', ' ');
        return Character.toUpperCase(words.charAt(0)) + words.substring(1);
    }
}
