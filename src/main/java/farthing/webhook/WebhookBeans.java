package farthing.webhook;

import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

import javax.sql.DataSource;

import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;

import farthing.chain.Address;
import farthing.chain.ChainLog;
import farthing.chain.Deployment;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.identity.Lines;
import farthing.ledger.LineId;
import farthing.metering.RecentCalls;
import farthing.settlement.FinalBatches;
import farthing.web.Outside;
import farthing.web.Seals;
import farthing.web.Site;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;

/** Puts the parts together. */
class WebhookBeans {

    /** Webhooks that this server sends something at once. */
    private static final int PLACES = 32;

    @Produces
    @Singleton
    Outbox outbox(Site site, Clock clock) {
        return new Outbox(site.publicUrl(), clock);
    }

    @Produces
    @Singleton
    BudgetLook budgets(DataSource source, AccountBudgets budgets, RecentCalls calls, Outbox outbox, Deployment deployment,
            Clock clock) {
        return new BudgetLook(new Database(source), budgets, calls::lastCharges, outbox, token(deployment), clock);
    }

    @Produces
    @Singleton
    BatchLook batches(DataSource source, FinalBatches batches, Lines lines, Accounts accounts, Outbox outbox,
            Deployment deployment, Clock clock) {
        return new BatchLook(new Database(source), batches, owners(lines, accounts), outbox, token(deployment), clock);
    }

    @Produces
    @Singleton
    PayoutLook payouts(DataSource source, ChainLog chain, Lines lines, Accounts accounts, Outbox outbox, Deployment deployment,
            Clock clock) {
        return new PayoutLook(new Database(source), chain, owners(lines, accounts), outbox, token(deployment), clock);
    }

    @Produces
    @Singleton
    Hooks hooks(DataSource source, Seals seals, WebhookConfig config, BudgetLook budgets, Outbox outbox, Clock clock) {
        return new Hooks(new Database(source), seals, outside(config), config.allowPrivate(), config.most(), budgets, outbox,
                clock);
    }

    @Produces
    @Singleton
    DeliveryLog log(DataSource source) {
        return new DeliveryLog(new Database(source));
    }

    @Produces
    @Singleton
    Sender sender(Vertx vertx, WebhookConfig config, Clock clock) {
        return new Sender(vertx, PLACES, outside(config), config.timeout(), clock);
    }

    @Produces
    @Singleton
    Courier courier(DataSource source, Hooks hooks, Sender sender, WebhookConfig config,
            @ConfigProperty(name = "quarkus.application.version") String version, MeterRegistry meters, Clock clock) {
        return new Courier(new Database(source), hooks::open, sender::send,
                new Retries(config.retries(), new SecureRandom()),
                new Courier.Rules(PLACES, config.timeout(), config.givesUpAfter(), "Farthing/" + version),
                outcome -> meters.timer("farthing.webhook.attempts", "outcome",
                        outcome.taken() ? "taken" : outcome.status() == null ? "unanswered" : "refused").record(outcome.took()),
                clock);
    }

    void close(@Disposes Courier courier) {
        courier.close();
    }

    void close(@Disposes Sender sender) {
        sender.close();
    }

    private static Outside outside(WebhookConfig config) {
        return new Outside(InetAddress::getAllByName, config.allowPrivate());
    }

    /** What amounts are counted in: 1e-9 of it is a nano. */
    private static Map<String, Object> token(Deployment deployment) {
        Map<String, Object> token = new LinkedHashMap<>();
        token.put("chain", deployment.chainId());
        token.put("address", deployment.token().text());
        return token;
    }

    private static BatchLook.Owners owners(Lines lines, Accounts accounts) {
        return new BatchLook.Owners() {
            @Override
            public Map<LineId, AccountId> ofLines(Collection<LineId> asked) {
                return lines.ownersOf(asked);
            }

            @Override
            public Map<Address, AccountId> ofWallets(Collection<Address> asked) {
                return accounts.ownersOf(asked);
            }
        };
    }
}
