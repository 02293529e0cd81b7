package farthing.chain;

import java.net.URI;
import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * Where Farthing stands on the chain. Read from settings, or from what the embedded chain deployed; checked
 * against the chain at start.
 *
 * @param rpc for this server
 * @param publicRpc for browsers, null where wallets bring their own
 * @param operator who posts; its key is known to {@link Transactions} on a server that settles
 * @param epoch a credit can be withdrawn once the epoch after its own has passed
 */
public record Deployment(long chainId, Address vault, Address token, Address registry, Address operator, URI rpc,
        @Nullable URI publicRpc, Duration epoch, Duration exitDelay) {
}
