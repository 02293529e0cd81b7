package farthing.web;

import java.net.URI;
import java.nio.file.Path;

import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Where this server is reached and whether it handles real money. */
@Singleton
public class Site {

    enum Mode {
        TRIAL,
        PRODUCTION
    }

    private final Mode mode;
    private final URI publicUrl;
    private final Path data;

    /**
     * @param publicUrl the address by which browsers and wallets know this server
     * @param data folder of everything that is kept outside the database
     */
    // No config mapping: its prefix would be "farthing", and a mapping claims every setting below its prefix.
    Site(@ConfigProperty(name = "farthing.mode") Mode mode, @ConfigProperty(name = "farthing.public-url") URI publicUrl,
            @ConfigProperty(name = "farthing.data") Path data) {
        String scheme = String.valueOf(publicUrl.getScheme());
        if (!(scheme.equals("http") || scheme.equals("https")) || publicUrl.getHost() == null) {
            throw new IllegalStateException("FARTHING_PUBLIC_URL is '" + publicUrl
                    + "'; it must be an http or https address such as https://models.example.org.");
        }
        this.mode = mode;
        this.publicUrl = publicUrl;
        this.data = data;
    }

    /** Production brings nothing of its own: no demo people, no generated secrets. */
    public boolean production() {
        return mode == Mode.PRODUCTION;
    }

    /** Without a slash at its end. */
    public URI publicUrl() {
        String url = publicUrl.toString();
        return URI.create(url.endsWith("/") ? url.substring(0, url.length() - 1) : url);
    }

    /** Host and, where it is not the scheme's own, port of {@link #publicUrl()}: what a wallet shows as the asking site. */
    public String domain() {
        return publicUrl.getAuthority();
    }

    boolean https() {
        return "https".equals(publicUrl.getScheme());
    }

    Path data() {
        return data;
    }
}
