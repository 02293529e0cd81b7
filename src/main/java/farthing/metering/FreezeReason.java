package farthing.metering;

/** Why no new call may begin on a line. */
public enum FreezeReason {

    EXIT_REQUESTED("its owner has asked to leave with what is left of it", "Use a key of another line; one can be opened at"
            + " /budgets."),
    DEPOSIT_LOST("the chain no longer shows money that was deposited on it", "It goes on when the deposit is there again;"
            + " until then use a key of another line, or deposit once more at /budgets."),
    OWNER_CHANGED("the chain names another owner of it than before",
            "Open a line of your own at /budgets and make a key to it.");

    private final String because;
    private final String advice;

    FreezeReason(String because, String advice) {
        this.because = because;
        this.advice = advice;
    }

    /** Two sentences: why, and what to do. @param line as its owner knows it, e.g. {@code Line 7} */
    public String sentence(String line) {
        return line + " takes no new calls: " + because + ". " + advice;
    }
}
