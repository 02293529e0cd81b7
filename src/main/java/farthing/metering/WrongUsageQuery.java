package farthing.metering;

import java.util.Optional;

import farthing.web.Problem;

/** A program asks for its calls by a word that means nothing here; guessing would give it other sums than it believes. */
class WrongUsageQuery extends Problem {

    private final String param;

    WrongUsageQuery(String param, String detail) {
        super(400, "wrong_usage_query", detail);
        this.param = param;
    }

    static WrongUsageQuery time(String param, String text) {
        return new WrongUsageQuery(param,
                "'" + text + "' is no time; write a day such as 2026-11-28 or a moment such as 2026-11-28T14:30:00Z, in UTC.");
    }

    @Override
    public Optional<String> param() {
        return Optional.of(param);
    }
}
