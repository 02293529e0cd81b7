package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {

    private static final Map<String, String> PRODUCTION = Map.of("FARTHING_MODE", "production", "FARTHING_DATABASE_URL",
            "jdbc:postgresql://db:5432/farthing", "FARTHING_DATABASE_USER", "farthing", "FARTHING_DATABASE_PASSWORD", "secret",
            "FARTHING_BLOBS_URL", "s3://models?region=eu-central-1",
            "FARTHING_PUBLIC_URL", "https://models.example.org", "FARTHING_CHAIN_ID", "8453", "FARTHING_SIGNER_KEY",
            "0x00000000000000000000000000000000000000000000000000000000000f00d5", "FARTHING_SESSION_SECRET",
            "0123456789abcdef0123456789abcdef");

    @Test
    void aTrialNeedsNoSettings() {
        Settings settings = Settings.of(Map.of());

        assertThat(settings)
                .isEqualTo(new Settings(false, Path.of("data").toAbsolutePath(), "127.0.0.1", 8080, null));
    }

    @Test
    void anEmptySettingIsAsGoodAsNone() {
        assertThat(Settings.of(Map.of("FARTHING_PORT", "", "FARTHING_DATABASE_URL", " "))).isEqualTo(Settings.of(Map.of()));
    }

    @Test
    void productionStartsWithAllItNeeds() {
        Settings settings = Settings.of(PRODUCTION);

        assertThat(settings.production()).isTrue();
        assertThat(settings.database())
                .isEqualTo(new Settings.Database("jdbc:postgresql://db:5432/farthing", "farthing", "secret"));
    }

    @Test
    void productionNamesEverythingThatIsMissing() {
        assertThatThrownBy(() -> Settings.of(Map.of("FARTHING_MODE", "production"))).isInstanceOf(CannotStart.class)
                .hasMessageContainingAll(Settings.NEEDED.toArray(String[]::new));
    }

    @Test
    void productionTakesNoKeyThatEverybodyHas() {
        assertThatThrownBy(() -> Settings.of(production("FARTHING_SIGNER_KEY",
                "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"))).isInstanceOf(CannotStart.class)
                .hasMessageContaining("FARTHING_SIGNER_KEY is a well-known test key");
    }

    @Test
    void aDamagedKeyIsRefusedWithoutRepeatingIt() {
        assertThatThrownBy(() -> Settings.of(production("FARTHING_SIGNER_KEY", "0xdeadbeef")))
                .isInstanceOf(CannotStart.class).hasMessageContaining("64 hex digits").hasMessageNotContaining("deadbeef");
    }

    @ParameterizedTest
    @ValueSource(strings = { "0", "65536", "-1", "http", "8080 " })
    void aBadPortIsNamed(String port) {
        assertThatThrownBy(() -> Settings.of(Map.of("FARTHING_PORT", port))).isInstanceOf(CannotStart.class)
                .hasMessage("FARTHING_PORT is '" + port + "'; it must be a number from 1 to 65535.");
    }

    @Test
    void anUnknownModeIsNamed() {
        assertThatThrownBy(() -> Settings.of(Map.of("FARTHING_MODE", "prod"))).isInstanceOf(CannotStart.class)
                .hasMessageContaining("FARTHING_MODE is 'prod'");
    }

    @Test
    void aDatabaseAddressMustBeForJdbc() {
        assertThatThrownBy(() -> Settings.of(Map.of("FARTHING_DATABASE_URL", "postgres://db/farthing")))
                .isInstanceOf(CannotStart.class).hasMessageContaining("jdbc:postgresql://");
    }

    @ParameterizedTest
    @ValueSource(strings = { "models", "https://models.example.org", "s3://models", "s3://Models?region=a",
            "file://host/models",
            "s3://AKIA:hunter2@models?region=a", "s3://models?region=a&secret=hunter2", "s3://models?region=a&endpoint=minio" })
    void anAddressOfBlobsThatCannotBeMeantIsRefusedWithoutRepeatingSecrets(String url) {
        assertThatThrownBy(() -> Settings.of(Map.of("FARTHING_BLOBS_URL", url))).isInstanceOf(CannotStart.class)
                .hasMessageStartingWith("FARTHING_BLOBS_URL ").hasMessageNotContaining("hunter2");
    }

    private static Map<String, String> production(String name, String value) {
        Map<String, String> environment = new HashMap<>(PRODUCTION);
        environment.put(name, value);
        return environment;
    }
}
