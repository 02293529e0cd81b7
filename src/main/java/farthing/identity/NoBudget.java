package farthing.identity;

import java.util.Optional;

import farthing.ledger.LineId;
import farthing.web.NextStep;
import farthing.web.Problem;

/** Nothing here can pay for a call. */
public final class NoBudget extends Problem {

    private NoBudget(int status, String code, String message) {
        super(status, code, message);
    }

    static NoBudget noLine() {
        return new NoBudget(402, "no_budget",
                "A call is paid from a line, and you have none yet. Open one at /budgets, then try again.");
    }

    static NoBudget nothingLeft() {
        return new NoBudget(402, "no_budget",
                "Nothing is left on your lines, so no call can be paid. Deposit or raise a ceiling at"
                        + " /budgets, then try again.");
    }

    static NoBudget nothingLeft(LineId line) {
        return new NoBudget(402, "no_budget",
                "Line " + line + " cannot pay for a call now: nothing is left on it, or it is frozen. Choose"
                        + " another line, or see /budgets.");
    }

    static NoBudget notYours(String line) {
        return new NoBudget(404, "no_such_line", "You have no line " + line + "; your lines are at /budgets.");
    }

    @Override
    public Optional<NextStep> nextStep() {
        return Optional.of(new NextStep("Budgets", "/budgets"));
    }
}
