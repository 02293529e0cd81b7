package farthing.identity;

import java.util.Map;

import farthing.money.Amount;

/** What the keys of an account have spent; implemented where calls are metered. */
public interface KeySpending {

    /** A key that is absent has spent nothing. */
    Map<ApiKeyId, Spent> spent(AccountId account);

    /** @param today since 0:00 UTC */
    record Spent(Amount today, Amount inAll) {

        public static final Spent NOTHING = new Spent(Amount.ZERO, Amount.ZERO);
    }
}
