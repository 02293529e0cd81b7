package farthing.settlement;

/** What has become of a batch. */
enum BatchState {
    /** Its transaction is queued. */
    BUILT,
    /** Signed; it may be mined at any time. */
    SENT,
    MINED,
    FINAL,
    /** It never came onto the chain and never will: its receipts are free for another, and so is its number. */
    RELEASED,
    /** Taken back on the chain by the guardian: its receipts are free for another; its number is used. */
    VOIDED;

    /** In SQL. */
    static final String LIVE = "('BUILT', 'SENT', 'MINED', 'FINAL')";

    boolean isLive() {
        return this != RELEASED && this != VOIDED;
    }

    boolean isOnChain() {
        return this == MINED || this == FINAL;
    }
}
