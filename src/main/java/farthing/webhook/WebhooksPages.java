package farthing.webhook;

import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.jspecify.annotations.Nullable;

import farthing.identity.AccountId;
import farthing.identity.SignedIn;
import farthing.web.Pager;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

@Path("/webhooks")
@Produces(MediaType.TEXT_HTML)
@Blocking
class WebhooksPages {

    private static final int PAGE = 50;

    @CheckedTemplate(basePath = "webhook", defaultName = CheckedTemplate.HYPHENATED_ELEMENT_NAME)
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance webhooks(WebhooksView page);

        static native TemplateInstance webhook(WebhookView page);

        static native TemplateInstance delivery(DeliveryView page);

        static native TemplateInstance deleteWebhook(Deletion page);
    }

    record WebhooksView(List<Row> hooks, boolean full, int most, boolean rejected, WebhookForm form) {
    }

    /** @param kind of the badge, null for a plain one */
    record Row(long id, String name, String url, List<String> events, String state, @Nullable String kind,
            @Nullable Instant failingSince, Instant changedAt) {

        static Row of(Hook hook) {
            Health health = hook.health();
            String state = switch (health.state()) {
                case ON -> health.failingSince() == null ? "on" : "failing";
                case OFF -> "off";
                case FAILED -> "failed";
                case GONE -> "gone";
            };
            String kind = switch (state) {
                case "on" -> "good";
                case "failing" -> "waiting";
                case "off" -> null;
                default -> "bad";
            };
            return new Row(hook.id(), hook.name(), hook.url().toString(), hook.eventNames(), state, kind,
                    health.failingSince(), hook.changedAt());
        }
    }

    /** @param secret shown in this answer alone; null in others @param live whether it may change by itself */
    record WebhookView(Row hook, boolean on, @Nullable String secret, @Nullable Instant previousUntil, @Nullable String done,
            boolean rejected, WebhookForm form, List<Choice> states, boolean filtered, List<LogRow> log, boolean live,
            Pager pager) {
    }

    record Choice(String value, String label, boolean selected) {
    }

    /** @param last what came of the newest attempt */
    record LogRow(long id, String type, Instant at, String state, String kind, int attempts, String last,
            @Nullable Instant next) {

        static LogRow of(DeliveryLog.Entry entry) {
            String kind = switch (entry.delivery().state()) {
                case PENDING -> "waiting";
                case DELIVERED -> "good";
                case FAILED -> "bad";
            };
            return new LogRow(entry.id(), entry.type().wireName, entry.createdAt(), word(entry.delivery().state()), kind,
                    entry.delivery().attempts(), result(entry.lastStatus(), entry.lastFault(), entry.lastAt() != null),
                    entry.delivery().nextAt());
        }
    }

    record AttemptRow(int number, Instant at, long millis, String result, String answer) {
    }

    record DeliveryView(String hookName, String hookHref, String url, boolean on, LogRow row, String eventId,
            Instant happenedAt,
            String body, List<AttemptRow> attempts) {
    }

    record Deletion(long id, String name, String url) {
    }

    private final SignedIn signedIn;
    private final Hooks hooks;
    private final DeliveryLog log;
    private final WebhookJobs jobs;
    private final WebhookConfig config;

    WebhooksPages(SignedIn signedIn, Hooks hooks, DeliveryLog log, WebhookJobs jobs, WebhookConfig config) {
        this.signedIn = signedIn;
        this.hooks = hooks;
        this.log = log;
        this.jobs = jobs;
        this.config = config;
    }

    @GET
    public TemplateInstance list() {
        return Templates.webhooks(list(signedIn.account(), WebhookForm.EMPTY));
    }

    @POST
    public Response create(@FormParam("name") @DefaultValue("") String name, @FormParam("url") @DefaultValue("") String url,
            @FormParam("events") List<String> events) {
        AccountId account = signedIn.account();
        Hooks.Fresh fresh;
        try {
            fresh = hooks.create(account, name, url, events);
        } catch (WebhookRefused refused) {
            return Response.status(422)
                    .entity(Templates.webhooks(list(account, WebhookForm.refused(name, url, events, refused)))).build();
        }
        return shownOnce(fresh);
    }

    private WebhooksView list(AccountId account, WebhookForm form) {
        List<Row> rows = hooks.of(account).stream().map(Row::of).toList();
        return new WebhooksView(rows, rows.size() >= config.most(), config.most(), form != WebhookForm.EMPTY, form);
    }

    @GET
    @Path("/{id}")
    public TemplateInstance show(@PathParam("id") long id, @QueryParam("state") @DefaultValue("") String state,
            @QueryParam("page") @DefaultValue("1") int page, @QueryParam("done") @DefaultValue("") String done) {
        Hook hook = hooks.get(signedIn.account(), id);
        return Templates.webhook(page(hook, null, sentence(done), WebhookForm.of(hook), false, state, page));
    }

    @POST
    @Path("/{id}")
    public Response edit(@PathParam("id") long id, @FormParam("name") @DefaultValue("") String name,
            @FormParam("url") @DefaultValue("") String url, @FormParam("events") List<String> events) {
        AccountId account = signedIn.account();
        try {
            hooks.edit(account, id, name, url, events);
        } catch (WebhookRefused refused) {
            return Response.status(422).entity(Templates.webhook(page(hooks.get(account, id), null, null,
                    WebhookForm.refused(name, url, events, refused), true, "", 1))).build();
        }
        return back(id, "saved");
    }

    @POST
    @Path("/{id}/test")
    public Response test(@PathParam("id") long id) {
        AccountId account = signedIn.account();
        return unlessOff(account, id, () -> {
            hooks.test(account, id);
            jobs.hurry();
            return back(id, "test");
        });
    }

    @POST
    @Path("/{id}/on")
    public Response on(@PathParam("id") long id) {
        hooks.switchOn(signedIn.account(), id);
        jobs.hurry();
        return back(id, "on");
    }

    @POST
    @Path("/{id}/off")
    public Response off(@PathParam("id") long id) {
        hooks.switchOff(signedIn.account(), id);
        return back(id, "off");
    }

    @POST
    @Path("/{id}/secret")
    public Response rotate(@PathParam("id") long id) {
        return shownOnce(hooks.rotate(signedIn.account(), id));
    }

    /** Without a redirect, which would have to keep the secret somewhere. */
    private Response shownOnce(Hooks.Fresh fresh) {
        return Response.ok(Templates.webhook(
                page(fresh.hook(), fresh.secret().text(), null, WebhookForm.of(fresh.hook()), false, "", 1)))
                .header(HttpHeaders.CACHE_CONTROL, "no-store").build();
    }

    @GET
    @Path("/{id}/delete")
    public TemplateInstance askToDelete(@PathParam("id") long id) {
        Hook hook = hooks.get(signedIn.account(), id);
        return Templates.deleteWebhook(new Deletion(id, hook.name(), hook.url().toString()));
    }

    @POST
    @Path("/{id}/delete")
    public Response delete(@PathParam("id") long id) {
        hooks.delete(signedIn.account(), id);
        return Response.seeOther(URI.create("/webhooks")).build();
    }

    @GET
    @Path("/{id}/deliveries/{delivery}")
    public TemplateInstance delivery(@PathParam("id") long id, @PathParam("delivery") long delivery) {
        Hook hook = hooks.get(signedIn.account(), id);
        DeliveryLog.Whole whole = log.get(id, delivery);
        DeliveryLog.Entry entry = whole.entry();
        return Templates
                .delivery(new DeliveryView(hook.name(), "/webhooks/" + id, hook.url().toString(), hook.on(), LogRow.of(entry),
                        entry.eventId(), entry.happenedAt(), whole.body(),
                        whole.attempts().stream().map(each -> new AttemptRow(each.number(), each.at(), each.millis(),
                                result(each.status(), each.fault(), true), each.answer())).toList()));
    }

    @POST
    @Path("/{id}/deliveries/{delivery}/again")
    public Response again(@PathParam("id") long id, @PathParam("delivery") long delivery) {
        AccountId account = signedIn.account();
        return unlessOff(account, id, () -> {
            hooks.again(account, id, delivery);
            jobs.hurry();
            return Response.seeOther(URI.create("/webhooks/" + id + "/deliveries/" + delivery)).build();
        });
    }

    /** A page that is older than the switch leads back to where it can be switched on. */
    private Response unlessOff(AccountId account, long id, Supplier<Response> action) {
        return hooks.get(account, id).on() ? action.get() : back(id, "is-off");
    }

    private static Response back(long id, String done) {
        return Response.seeOther(URI.create("/webhooks/" + id + "?done=" + done)).build();
    }

    private WebhookView page(Hook hook, @Nullable String secret, @Nullable String done, WebhookForm form, boolean rejected,
            String state, int page) {
        Delivery.State wanted = state(state);
        int number = Math.max(1, Math.min(page, 100_000));
        List<LogRow> rows = log.page(hook.id(), wanted, PAGE, (number - 1L) * PAGE).stream().map(LogRow::of).toList();
        List<Choice> states = new ArrayList<>(List.of(new Choice("", "All", wanted == null)));
        for (Delivery.State each : Delivery.State.values()) {
            states.add(new Choice(word(each), word(each), each == wanted));
        }
        String filter = wanted == null ? "" : "state=" + word(wanted) + "&";
        return new WebhookView(Row.of(hook), hook.on(), secret, hook.previousUntil(), done, rejected, form, states,
                wanted != null, rows, wanted == null && number == 1 && secret == null && hook.on()
                        && rows.stream().anyMatch(row -> row.next != null),
                Pager.of(number, PAGE, log.count(hook.id(), wanted),
                        to -> "/webhooks/" + hook.id() + "?" + filter + "page=" + to + "#log"));
    }

    private static @Nullable String sentence(String done) {
        return switch (done) {
            case "saved" -> "Saved.";
            case "test" -> "A test is on its way. What comes of it appears under Deliveries.";
            case "on" -> "The webhook is on. What still waited for it is sent now.";
            case "off" -> "The webhook is off. What happens meanwhile is not kept for it.";
            case "is-off" -> "The webhook is off, so nothing was sent. Switch it on first.";
            default -> null;
        };
    }

    static Delivery.@Nullable State state(String word) {
        for (Delivery.State each : Delivery.State.values()) {
            if (word(each).equals(word)) {
                return each;
            }
        }
        return null;
    }

    static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static String result(@Nullable Integer status, @Nullable String fault, boolean tried) {
        if (!tried) {
            return "not sent yet";
        }
        return fault == null ? "taken (" + status + ")" : "The endpoint " + fault + ".";
    }
}
