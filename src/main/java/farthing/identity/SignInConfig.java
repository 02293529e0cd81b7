package farthing.identity;

import java.time.Duration;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

@ConfigMapping(prefix = "farthing.sign-in")
interface SignInConfig {

    /** How long a sign-in message may wait for its signature. */
    @WithDefault("PT8M")
    Duration messageLifetime();
}
