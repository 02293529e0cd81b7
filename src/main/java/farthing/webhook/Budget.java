package farthing.webhook;

import java.time.LocalDate;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import farthing.identity.AccountId;
import farthing.money.Amount;

/**
 * Something of an account that can be used up.
 *
 * @param name its name among all budgets, for ever
 * @param day of one that begins anew each day (UTC)
 * @param subject what an event about it is about
 * @param data says which it is
 */
record Budget(String name, @Nullable LocalDate day, String subject, Amount used, Amount limit, Map<String, Object> data) {

    interface Source {

        List<Budget> of(AccountId account);
    }
}
