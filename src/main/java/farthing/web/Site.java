package farthing.web;

import java.net.URI;
import java.nio.file.Path;

import jakarta.inject.Singleton;

/** Where this server is reached and whether it handles real money. */
@Singleton
public class Site {

    enum Mode {
        TRIAL,
        PRODUCTION
    }

    private final SiteConfig config;

    Site(SiteConfig config) {
        this.config = config;
        String scheme = String.valueOf(config.publicUrl().getScheme());
        if (!(scheme.equals("http") || scheme.equals("https")) || config.publicUrl().getHost() == null) {
            throw new IllegalStateException("FARTHING_PUBLIC_URL is '" + config.publicUrl()
                    + "'; it must be an http or https address such as https://models.example.org.");
        }
    }

    /** Production brings nothing of its own: no demo people, no generated secrets. */
    public boolean production() {
        return config.mode() == Mode.PRODUCTION;
    }

    /** Without a slash at its end. */
    public URI publicUrl() {
        String url = config.publicUrl().toString();
        return URI.create(url.endsWith("/") ? url.substring(0, url.length() - 1) : url);
    }

    /** Host and, where it is not the scheme's own, port of {@link #publicUrl()}: what a wallet shows as the asking site. */
    public String domain() {
        return publicUrl().getAuthority();
    }

    boolean https() {
        return "https".equals(publicUrl().getScheme());
    }

    Path data() {
        return config.data();
    }
}
