package farthing.chain;

import java.util.Set;

/**
 * Fired, after it is durable, when the mirror has moved: forwards, or back and forwards again. Whoever books from the chain
 * reconciles then, and once at its own start: a process that ends before it has observed this is told nothing later.
 *
 * @param lines whose events came, went or became final
 * @param payees whose withdrawals or payout addresses did
 * @param batches whether posts or voids did
 */
public record ChainAdvanced(ChainPosition position, Set<Integer> lines, Set<Address> payees, boolean batches) {
}
