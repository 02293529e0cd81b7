package farthing.settlement;

import java.time.Duration;
import java.util.OptionalLong;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

@ConfigMapping(prefix = "farthing.settlement")
interface SettlementConfig {

    /** How often a batch is tried; {@code off} for never. */
    String every();

    /** Receipts younger than this wait for the next batch. */
    @WithDefault("5s")
    Duration age();

    /** Nanos: a payee who is owed less is not credited yet, since a credit costs gas. Less in a trial, where gas is free. */
    OptionalLong threshold();
}
