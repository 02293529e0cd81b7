package farthing.identity;

/** An account has a role no more. Fired inside the transaction. */
public record RoleRevoked(AccountId account, Role role) {
}
