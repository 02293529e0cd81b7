package farthing.identity;

/** A deactivated account takes part again. Fired inside the transaction. */
public record AccountReactivated(AccountId account) {
}
