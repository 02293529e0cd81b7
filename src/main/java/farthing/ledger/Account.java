package farthing.ledger;

/**
 * A ledger account. A positive balance is money that is owed to whom the account names.
 *
 * @param code unique name
 * @param guarded whether the balance is kept in the row and may never fall below zero
 */
public record Account(String code, boolean guarded) {

    /** What a line may still spend and no lease holds. */
    public static Account line(LineId line) {
        return new Account("line:" + line, true);
    }

    /** What was deposited on a line beyond its ceiling. */
    public static Account locked(LineId line) {
        return new Account("locked:" + line, false);
    }

    /** What the leases of a line hold; the lease rows guard it. */
    public static Account leased(LineId line) {
        return new Account("leased:" + line, false);
    }

    /** What calls were charged and no batch has settled yet. */
    public static Account charges() {
        return new Account("charges", false);
    }

    /** What a payee earned and no batch has credited to it yet. @param payee its address */
    public static Account owed(String payee) {
        return new Account("owed:" + payee, false);
    }

    /** What batches credited to a payee and it has not withdrawn yet. @param payee its address */
    public static Account credited(String payee) {
        return new Account("credited:" + payee, false);
    }

    /** Earned by somebody who is not known yet. @param by part of the split and version, e.g. {@code data_pool:3} */
    public static Account held(String by) {
        return new Account("held:" + by, false);
    }

    /** What left lines could not be debited for, less than a micro-unit each, as a negative balance. */
    public static Account uncollected() {
        return new Account("uncollected", false);
    }

    /** The money that came in from outside, as a negative balance. */
    public static Account deposits() {
        return new Account("deposits", false);
    }
}
