package farthing.chain;

import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.util.Optional;

import javax.sql.DataSource;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;
import org.jboss.logging.Logger;

import farthing.web.KeyFolder;
import farthing.web.Site;
import io.quarkus.runtime.StartupEvent;

/** Where the settings say that we stand on the chain, checked once at the start. */
class ChainBeans {

    private static final Logger LOG = Logger.getLogger(ChainBeans.class);

    /** Before anything that needs the chain. */
    private static final int FIRST = 1;

    @Produces
    @Singleton
    OperatorKey operator(@ConfigProperty(name = "farthing.operator-key") Optional<String> configured, KeyFolder folder,
            Site site) {
        SigningKey key = SigningKey.ofHex(configured
                .orElseGet(() -> folder.get("operator", () -> SigningKey.generate(new SecureRandom()).secretHex())));
        if (site.production()) {
            WellKnownKeys.refuse("FARTHING_OPERATOR_KEY", key);
        }
        return new OperatorKey(key);
    }

    @Produces
    @Singleton
    Deployment deployment(@ConfigProperty(name = "farthing.chain.rpc-url") URI rpc,
            @ConfigProperty(name = "farthing.chain.public-rpc-url") Optional<URI> publicRpc,
            @ConfigProperty(name = "farthing.chain.id") long chainId, @ConfigProperty(name = "farthing.vault") String vault,
            @ConfigProperty(name = "farthing.token") String token, @ConfigProperty(name = "farthing.registry") String registry,
            OperatorKey operator, @ConfigProperty(name = "farthing.data") Path data) {
        return new CheckedBefore(data).orCheck(new DeploymentCheck.Expected(rpc, publicRpc.orElse(null), chainId,
                new Address(vault), new Address(token), new Address(registry), operator.key().address()));
    }

    @Produces
    @Singleton
    VaultCalls vaultCalls(Deployment deployment) {
        return new VaultCalls(deployment);
    }

    void start(@Observes @Priority(FIRST) StartupEvent event, Deployment deployment, OperatorKey operator,
            Transactions transactions, DataSource source) throws SQLException {
        new Database(source).read(connection -> {
            new MirrorTables(deployment, 0).requireSameVault(connection);
            return true;
        });
        transactions.know(operator.key());
        LOG.infof("receipts and logins: signatures are made and checked %s", NativeCurve.orJava().described());
    }

    /** Up even while the chain is away: calls go on within what was final. */
    @Readiness
    @Singleton
    static class Check implements HealthCheck {

        private final ChainStatus status;

        Check(ChainStatus status) {
            this.status = status;
        }

        @Override
        public HealthCheckResponse call() {
            HealthCheckResponseBuilder answer = HealthCheckResponse.named("chain").up();
            status.away().ifPresent(away -> answer.withData("away_since", away.since().toString())
                    .withData("fault", away.fault())
                    .withData("meanwhile", "calls go on within what was final, settlement waits"));
            return answer.build();
        }
    }
}
