package farthing.metering;

import java.time.Duration;
import java.util.Optional;

import farthing.money.Amount;
import farthing.web.Formats;
import farthing.web.Problem;

/** What this call may cost is with a server that does not answer; it comes back when that server does, or is taken for dead. */
class BudgetHeldElsewhere extends Problem {

    BudgetHeldElsewhere(String whose, Amount needed) {
        super(503, "budget_held_elsewhere", "This call may cost up to " + Formats.dollars(needed)
                + ", and another server that does not answer at the moment holds what is left of " + whose
                + ". It comes back within seconds; try again.");
    }

    @Override
    public Optional<Duration> retryAfter() {
        return Optional.of(Duration.ofSeconds(5));
    }
}
