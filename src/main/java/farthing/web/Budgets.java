package farthing.web;

import java.util.Optional;

import farthing.money.Amount;

/** What the top bar shows as budget left; implemented where budgets are kept. */
public interface Budgets {

    Optional<Amount> leftOf(Viewer viewer);
}
