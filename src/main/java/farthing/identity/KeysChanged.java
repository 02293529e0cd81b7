package farthing.identity;

import java.util.Set;

/** What is remembered of these keys holds no longer. Fired inside the transaction that changes them. */
record KeysChanged(Set<ApiKeyId> keys) {
}
