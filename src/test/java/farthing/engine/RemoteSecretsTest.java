package farthing.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.time.Clock;

import javax.sql.DataSource;

import jakarta.inject.Inject;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.web.Seals;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;

@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class RemoteSecretsTest {

    private static final String VERSION = "wren/far@1";

    @Inject
    RemoteSecrets secrets;
    @Inject
    DataSource database;

    @AfterEach
    void forget() {
        secrets.forget(VERSION);
        secrets.forget("wren/far@2");
    }

    @Test
    void aSecretIsReplacedRenamedAndForgottenAndNeverLiesOpen() throws Exception {
        secrets.keep(VERSION, "first");
        secrets.keep(VERSION, "second");
        assertThat(secrets.of(VERSION)).contains("second");
        try (Connection connection = database.getConnection();
                ResultSet row = connection.createStatement().executeQuery("select sealed from remote_secret")) {
            assertThat(row.next()).isTrue();
            assertThat(new String(row.getBytes(1), StandardCharsets.ISO_8859_1)).doesNotContain("second");
        }
        secrets.rename(VERSION, "wren/far@2");
        assertThat(secrets.of(VERSION)).isEmpty();
        assertThat(secrets.of("wren/far@2")).contains("second");
    }

    @Test
    void aRowThatIsCopiedToAnotherVersionOpensNothing() throws Exception {
        secrets.keep(VERSION, "first");
        try (Connection connection = database.getConnection()) {
            connection.createStatement().execute("update remote_secret set of_version = 'wren/far@2'");
        }
        assertThatThrownBy(() -> secrets.of("wren/far@2")).isInstanceOf(IllegalStateException.class)
                .hasMessageNotContaining("first");
    }

    @Test
    void aServerWithAnotherKeyDoesNotStart() {
        var other = new RemoteSecrets(database, Seals.under("0123456789abcdef0123456789abcdef"),
                Clock.systemUTC());
        other.start(new StartupEvent());
        secrets.keep(VERSION, "first");
        assertThatThrownBy(() -> other.start(new StartupEvent())).hasMessageContaining("FARTHING_SECRETS_KEY is not the one");
        assertThatThrownBy(() -> Seals.under("short"))
                .hasMessageContaining("FARTHING_SECRETS_KEY");
    }
}
