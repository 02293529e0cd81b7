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

    private static final String KEY = "0x00000000000000000000000000000000000000000000000000000000000f00d5";
    private static final String ADDRESS = "0x00000000000000000000000000000000000fa401";
    private static final Map<String, String> CHAIN = Map.of("FARTHING_CHAIN_RPC_URL", "https://node.example.org/v3/abc",
            "FARTHING_CHAIN_ID", "8453", "FARTHING_VAULT", ADDRESS, "FARTHING_TOKEN", ADDRESS, "FARTHING_REGISTRY", ADDRESS,
            "FARTHING_OPERATOR_KEY", KEY, "FARTHING_PLATFORM_PAYEE", ADDRESS);
    private static final Map<String, String> PRODUCTION = both(CHAIN, Map.of("FARTHING_MODE", "production",
            "FARTHING_DATABASE_URL", "jdbc:postgresql://db:5432/farthing", "FARTHING_DATABASE_USER", "farthing",
            "FARTHING_DATABASE_PASSWORD", "secret", "FARTHING_BLOBS_URL", "s3://models?region=eu-central-1",
            "FARTHING_PUBLIC_URL", "https://models.example.org", "FARTHING_SIGNER_KEY", KEY, "FARTHING_SESSION_SECRET",
            "0123456789abcdef0123456789abcdef"));

    @Test
    void aTrialNeedsNoSettings() {
        Settings settings = Settings.of(Map.of());

        assertThat(settings)
                .isEqualTo(new Settings(false, Path.of("data").toAbsolutePath(), "127.0.0.1", 8080, null, true));
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
    @ValueSource(strings = { "FARTHING_SIGNER_KEY", "FARTHING_OPERATOR_KEY" })
    void productionTakesNoWellKnownKeyAnywhere(String setting) {
        assertThatThrownBy(() -> Settings.of(production(setting,
                "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"))).isInstanceOf(CannotStart.class)
                .hasMessageContaining(setting + " is a well-known test key");
    }

    @Test
    void anOrganisationIsWhollyConfiguredOrNotAtAll() {
        Map<String, String> whole = Map.of("FARTHING_OIDC_URL", "http://127.0.0.1:8180/realms/farthing",
                "FARTHING_OIDC_CLIENT_SECRET", "0123456789abcdef0123456789abcdef", "FARTHING_OIDC_ADMIN", "true");

        assertThat(Settings.of(whole)).isEqualTo(Settings.of(Map.of()));
        assertRefused(both(PRODUCTION, whole), "FARTHING_OIDC_URL is 'http://127.0.0.1:8180/realms/farthing'", "the https");
        assertRefused(without(whole, "FARTHING_OIDC_URL"), "FARTHING_OIDC_CLIENT_SECRET, FARTHING_OIDC_ADMIN cannot be set");
        assertRefused(without(whole, "FARTHING_OIDC_CLIENT_SECRET"), "FARTHING_OIDC_CLIENT_SECRET is missing or shorter");
        assertRefused(both(whole, Map.of("FARTHING_OIDC_ADMIN", "yes")), "FARTHING_OIDC_ADMIN is 'yes'");
        assertRefused(both(whole, Map.of("FARTHING_OIDC_URL", "https://login.example.org")), "is no realm of a Keycloak");
    }

    private static void assertRefused(Map<String, String> settings, String... sentence) {
        assertThatThrownBy(() -> Settings.of(settings)).isInstanceOf(CannotStart.class).hasMessageContainingAll(sentence);
    }

    private static Map<String, String> without(Map<String, String> settings, String name) {
        Map<String, String> rest = new HashMap<>(settings);
        rest.remove(name);
        return rest;
    }

    @Test
    void aChainComesWithAllThatStandsOnIt() {
        assertThat(Settings.of(CHAIN).ownChain()).isFalse();
        assertThatThrownBy(() -> Settings.of(Map.of("FARTHING_CHAIN_RPC_URL", "http://127.0.0.1:8545")))
                .isInstanceOf(CannotStart.class).hasMessageContainingAll("FARTHING_VAULT", "FARTHING_OPERATOR_KEY");
        assertThatThrownBy(() -> Settings.of(Map.of("FARTHING_VAULT", ADDRESS))).isInstanceOf(CannotStart.class)
                .hasMessageContaining("FARTHING_VAULT cannot be set without FARTHING_CHAIN_RPC_URL");
    }

    @Test
    void whatIsNoAddressIsNamed() {
        assertThatThrownBy(() -> Settings.of(production("FARTHING_PLATFORM_PAYEE", "0x12"))).isInstanceOf(CannotStart.class)
                .hasMessageContaining("FARTHING_PLATFORM_PAYEE is '0x12', which is no address");
        assertThatThrownBy(() -> Settings.of(production("FARTHING_PLATFORM_PAYEE", "0x" + "0".repeat(40))))
                .isInstanceOf(CannotStart.class).hasMessageContaining("FARTHING_PLATFORM_PAYEE is the zero address");
        assertThatThrownBy(() -> Settings.of(production("FARTHING_CHAIN_RPC_URL", "ws://node"))).isInstanceOf(CannotStart.class)
                .hasMessageContaining("FARTHING_CHAIN_RPC_URL is 'ws://node'");
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

    private static Map<String, String> both(Map<String, String> one, Map<String, String> other) {
        Map<String, String> all = new HashMap<>(one);
        all.putAll(other);
        return Map.copyOf(all);
    }
}
