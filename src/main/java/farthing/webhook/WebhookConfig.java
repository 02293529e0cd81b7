package farthing.webhook;

import java.time.Duration;
import java.util.List;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** {@code FARTHING_WEBHOOK_*}: how accounts are told of what happens to their money. */
@ConfigMapping(prefix = "farthing.webhook")
interface WebhookConfig {

    /** How often somebody looks for what has happened, and for what is to be sent; {@code off} for never. */
    String every();

    /** Whether a webhook may be in this server's own networks and speak without TLS. */
    @WithDefault("false")
    boolean allowPrivate();

    /** How long an endpoint may take, from connecting to the end of its answer. */
    @WithDefault("15s")
    Duration timeout();

    /** The pauses before the second attempt and those after it; then a delivery is given up. */
    @WithDefault("5s,5m,30m,2h,5h,10h,10h")
    List<Duration> retries();

    /** A webhook that takes nothing for so long is switched off. */
    @WithDefault("5d")
    Duration givesUpAfter();

    /** How long deliveries are kept. */
    @WithDefault("30d")
    Duration keep();

    /** Webhooks that an account may have. */
    @WithDefault("10")
    int most();
}
