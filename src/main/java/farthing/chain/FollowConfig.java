package farthing.chain;

import java.time.Duration;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** How the chain is followed, and what is sent to it. */
@ConfigMapping(prefix = "farthing.chain.follow")
interface FollowConfig {

    /** Between two looks at the chain. */
    @WithDefault("500ms")
    Duration every();

    /** The vault is not older than this block. */
    @WithDefault("0")
    long firstBlock();

    /** The most blocks whose events are asked for at once. */
    @WithDefault("2000")
    int range();

    /** After which time a transaction that is in no block is sent again. */
    @WithDefault("5s")
    Duration resend();

    /** After which time more is bid for it. */
    @WithDefault("30s")
    Duration raise();
}
