package farthing.identity;

/** An account was deactivated. Fired inside the transaction: what must not be undone waits for its success. */
public record AccountDeactivated(AccountId account) {
}
