package farthing.webhook;

import java.time.Clock;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import org.jboss.logging.Logger;

import farthing.identity.AccountDeactivated;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;

/**
 * Looks for what has happened, and sends what is due, from time to time. Every server does; facts and deliveries are had by
 * one.
 */
@Singleton
class WebhookJobs {

    private static final Logger LOG = Logger.getLogger(WebhookJobs.class);

    private final BudgetLook budgets;
    private final BatchLook batches;
    private final PayoutLook payouts;
    private final Courier courier;
    private final Hooks hooks;
    private final DeliveryLog log;
    private final WebhookConfig config;
    private final Clock clock;

    WebhookJobs(BudgetLook budgets, BatchLook batches, PayoutLook payouts, Courier courier, Hooks hooks, DeliveryLog log,
            WebhookConfig config, Clock clock) {
        this.budgets = budgets;
        this.batches = batches;
        this.payouts = payouts;
        this.courier = courier;
        this.hooks = hooks;
        this.log = log;
        this.config = config;
        this.clock = clock;
    }

    /** A server that could sign nothing does not start. */
    void start(@Observes StartupEvent event) {
        hooks.requireSecrets();
    }

    void deactivated(@Observes AccountDeactivated event) {
        hooks.switchAllOff(event.account());
    }

    @Scheduled(every = "${farthing.webhook.every}", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void look() {
        alone("budgets", budgets::look);
        alone("batches", batches::look);
        alone("payouts", payouts::look);
        alone("deliveries", courier::deliver);
    }

    @Scheduled(every = "1h", delayed = "10m", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void forget() {
        alone("old deliveries", () -> log.forget(clock.instant(), config.keep()));
    }

    /** There is something to be sent at once. */
    void hurry() {
        if (!config.every().equals("off")) {
            alone("deliveries", courier::deliver);
        }
    }

    private static void alone(String what, Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.errorf(e, "webhooks: the %s are not looked after; it is tried again", what);
        }
    }
}
