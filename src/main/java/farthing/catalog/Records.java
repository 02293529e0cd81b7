package farthing.catalog;

import java.util.Collection;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;

/** Which versions their developers have stated on chain; implemented where such statements are sent. */
public interface Records {

    /**
     * @param signer whose key signed the statement
     * @param transaction null until it is sent
     * @param mined whether it stands in a block
     */
    record Recorded(Address signer, @Nullable String transaction, boolean mined) {
    }

    /** A version that is absent was never stated, or the registry refused it. */
    Map<VersionId, Recorded> of(Collection<VersionId> versions);
}
