package farthing.payment;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

@ConfigMapping(prefix = "farthing.payment")
interface PaymentConfig {

    /** Micro-units below which /budgets lets nobody deposit; one that arrives on chain all the same is credited. */
    @WithDefault("100000")
    long minimumDeposit();
}
