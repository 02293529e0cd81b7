package farthing.catalog;

import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

import farthing.identity.AccountId;
import farthing.identity.SignedIn;
import farthing.money.Price;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** Where an owner manages a model, without script. */
@Path("/models/{owner}/{name}/manage")
@Produces(MediaType.TEXT_HTML)
@Blocking
class ManagePages {

    /**
     * @param errors sentences by the field at fault
     * @param saved what was just done, if anything
     */
    record ManageView(OwnModel model, Map<String, String> values, Map<String, String> errors, List<OfferLine> offers,
            List<PublishView.Choice> versions, List<PublishView.Choice> visibilities, @Nullable String saved) {

        public String value(String name) {
            return values.getOrDefault(name, "");
        }

        /** Whether the form for a price was refused. */
        public boolean offerFaulty() {
            return Set.of("version", "per_million_input_tokens", "per_million_output_tokens", "per_call", "per_item", "from")
                    .stream()
                    .anyMatch(errors::containsKey);
        }

        /** Null where nothing is wrong. */
        @Nullable
        public String error(String name) {
            return errors.get(name);
        }
    }

    record OfferLine(String version, List<ModelView.PriceLine> prices, Instant from, String state) {

        /** Of the badge. */
        public String kind() {
            return state.equals("in force") ? "good" : state.equals("coming") ? "waiting" : "";
        }
    }

    @CheckedTemplate(basePath = "catalog")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance manage(ManageView page);
    }

    private static final Map<String, String> SAVED = Map.of("model", "Saved.", "offer", "The offer is announced.");

    private final SignedIn signedIn;
    private final Management management;
    private final PublicationRuns runs;
    private final Clock clock;

    ManagePages(SignedIn signedIn, Management management, PublicationRuns runs, Clock clock) {
        this.signedIn = signedIn;
        this.management = management;
        this.runs = runs;
        this.clock = clock;
    }

    @GET
    public TemplateInstance show(String owner, String name, @RestQuery @Nullable String saved) {
        AccountId account = signedIn.account();
        return Templates.manage(view(account, owner, name, Map.of(), Map.of(), saved == null ? null : SAVED.get(saved)));
    }

    @POST
    public Response edit(String owner, String name, @FormParam("purpose") @Nullable String purpose,
            @FormParam("card") @Nullable String card, @FormParam("visibility") @Nullable String visibility,
            @FormParam("deprecated") @Nullable String deprecated) {
        AccountId account = signedIn.account();
        try {
            management.edit(account, owner, name, new Management.Edit(purpose, card, visibility, deprecated));
        } catch (InvalidListing invalid) {
            Map<String, String> typed = new HashMap<>();
            put(typed, "purpose", purpose);
            put(typed, "card", card);
            put(typed, "deprecated", deprecated);
            return refused(account, owner, name, typed, invalid);
        }
        return Response.seeOther(URI.create("/models/" + owner + "/" + name + "/manage?saved=model")).build();
    }

    @POST
    @Path("/offers")
    public Response announce(String owner, String name, @FormParam("version") @Nullable String version,
            @FormParam("per_million_input_tokens") @Nullable String in,
            @FormParam("per_million_output_tokens") @Nullable String out, @FormParam("per_call") @Nullable String call,
            @FormParam("per_item") @Nullable String item, @FormParam("from") @Nullable String from) {
        AccountId account = signedIn.account();
        Map<String, String> typed = new HashMap<>();
        put(typed, "version", version);
        put(typed, "per_million_input_tokens", in);
        put(typed, "per_million_output_tokens", out);
        put(typed, "per_call", call);
        put(typed, "per_item", item);
        put(typed, "from", from);
        Terms terms = new Terms();
        Map<String, Long> nanos = new HashMap<>();
        for (String part : List.of("per_million_input_tokens", "per_million_output_tokens", "per_call", "per_item")) {
            Typed.nanos(typed.get(part)).ifPresentOrElse(price -> nanos.put(part, price), () -> terms.wrong("offer." + part,
                    "Write a price in dollars, such as 0.10, with at most nine decimals."));
        }
        Instant begins = moment(terms, typed.getOrDefault("from", "").strip());
        try {
            management.mine(account, owner, name);
            terms.check();
            management.announce(account, owner, name,
                    new VersionRequest.OfferRequest(version, nanos.get("per_million_input_tokens"),
                            nanos.get("per_million_output_tokens"), nanos.get("per_call"), nanos.get("per_item"), begins));
        } catch (InvalidListing invalid) {
            return refused(account, owner, name, typed, invalid);
        }
        return Response.seeOther(URI.create("/models/" + owner + "/" + name + "/manage?saved=offer#offers")).build();
    }

    /** As a browser's field for date and time sends it, taken for UTC. */
    private static @Nullable Instant moment(Terms terms, String text) {
        if (text.isEmpty()) {
            return null;
        }
        try {
            return LocalDateTime.parse(text).toInstant(ZoneOffset.UTC);
        } catch (DateTimeParseException e) {
            terms.wrong("offer.from", "Write the date and time as in 2026-12-24T18:00 (UTC), or nothing for at once.");
            return null;
        }
    }

    private static void put(Map<String, String> values, String name, @Nullable String value) {
        if (value != null) {
            values.put(name, value);
        }
    }

    private Response refused(AccountId account, String owner, String name, Map<String, String> typed, InvalidListing invalid) {
        Map<String, String> errors = new HashMap<>();
        invalid.faults().forEach(fault -> errors.putIfAbsent(fault.param().replaceFirst("^offer\\.", ""), fault.detail()));
        return Response.status(invalid.status()).entity(Templates.manage(view(account, owner, name, typed, errors, null)))
                .build();
    }

    private ManageView view(AccountId account, String owner, String name, Map<String, String> typed, Map<String, String> errors,
            @Nullable String saved) {
        OwnModel model = QuarkusTransaction.requiringNew()
                .call(() -> OwnModel.of(management.mine(account, owner, name), runs, clock.instant()));
        Map<String, String> values = new HashMap<>();
        values.put("purpose", model.purpose());
        values.put("card", model.card());
        put(values, "deprecated", model.deprecated());
        model.versions().getFirst().offers().stream().filter(offer -> !offer.state().equals("over")).findFirst()
                .ifPresent(offer -> {
                    values.put("per_million_input_tokens", Typed.dollars(offer.perMillionInputTokens()));
                    values.put("per_million_output_tokens", Typed.dollars(offer.perMillionOutputTokens()));
                    values.put("per_call", Typed.dollars(offer.perCall()));
                    values.put("per_item", Typed.dollars(offer.perItem()));
                });
        values.putAll(typed);
        List<OfferLine> offers = model.versions().stream().flatMap(version -> version.offers().stream())
                .map(offer -> new OfferLine(offer.version(), ModelView.prices(new Price(offer.perMillionInputTokens(),
                        offer.perMillionOutputTokens(), offer.perCall(), offer.perItem())), offer.from(), offer.state()))
                .toList();
        String chosen = values.getOrDefault("version", model.versions().getFirst().label());
        return new ManageView(model, values, errors, offers,
                model.versions().stream().map(version -> new PublishView.Choice(version.label(), "Version " + version.label(),
                        version.label().equals(chosen))).toList(),
                List.of(visibility("public", "Public: everybody finds and calls it", model),
                        visibility("private", "Private: you alone find and call it", model),
                        visibility("unlisted", "Withdrawn: in no list, and nobody calls it", model)),
                saved);
    }

    private static PublishView.Choice visibility(String value, String label, OwnModel model) {
        return new PublishView.Choice(value, label, model.visibility().equals(value));
    }
}
