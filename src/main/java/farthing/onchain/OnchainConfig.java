package farthing.onchain;

import java.time.Duration;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

@ConfigMapping(prefix = "farthing.records")
interface OnchainConfig {

    /** How many statements of one account the server sends, and pays for, in 24 hours. */
    @WithDefault("50")
    int perDay();

    /** How long what a page asks to be signed is good for. */
    @WithDefault("1h")
    Duration signingTime();
}
