package farthing.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProductionTest {

    private static final URI URL = URI.create("https://models.example.org/");

    @Test
    void productionMakesNoSecretOfItsOwn(@TempDir Path data) {
        Site site = new Site(Site.Mode.PRODUCTION, URL, data);
        KeyFolder keys = new KeyFolder(site);
        assertThatThrownBy(() -> keys.get("session-secret", () -> "made up")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> new Tokens(Optional.empty(), site, keys)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("FARTHING_SESSION_SECRET");
        assertThatThrownBy(() -> new Tokens(Optional.of("short"), site, keys)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("at least 32");
        assertThat(data).isEmptyDirectory();
    }

    @Test
    void aTrialKeepsTheSecretItMade(@TempDir Path data) {
        Site site = new Site(Site.Mode.TRIAL, URL, data);
        String signature = new Tokens(Optional.empty(), site, new KeyFolder(site)).sign("visit", "x");
        assertThat(new Tokens(Optional.empty(), site, new KeyFolder(site)).signed("visit", "x", signature)).isTrue();
        assertThat(new Tokens(Optional.of("y".repeat(32)), site, new KeyFolder(site)).signed("visit", "x", signature))
                .isFalse();
    }

    @Test
    void thePublicUrlNamesTheSite(@TempDir Path data) {
        Site site = new Site(Site.Mode.PRODUCTION, URL, data);
        assertThat(site.publicUrl()).hasToString("https://models.example.org");
        assertThat(site.domain()).isEqualTo("models.example.org");
        assertThatThrownBy(() -> new Site(Site.Mode.TRIAL, URI.create("models.example.org"), data))
                .hasMessageContaining("FARTHING_PUBLIC_URL");
    }
}
