package farthing.web;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

import io.smallrye.config.ConfigMapping;

@ConfigMapping(prefix = "farthing")
interface SiteConfig {

    Site.Mode mode();

    /** Folder of everything that is kept outside the database. */
    Path data();

    /** The address by which browsers and wallets know this server. */
    URI publicUrl();

    /** Signs form tokens; at least 32 characters. The trial makes its own. */
    Optional<String> sessionSecret();
}
