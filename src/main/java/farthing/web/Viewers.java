package farthing.web;

import java.util.Optional;

/** Who an account is; implemented where accounts are kept. */
public interface Viewers {

    Optional<Viewer> find(long account);
}
