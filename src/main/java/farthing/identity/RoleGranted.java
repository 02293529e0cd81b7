package farthing.identity;

/** An account has a role that it did not have. Fired inside the transaction: what must not be undone waits for its success. */
public record RoleGranted(AccountId account, Role role) {
}
