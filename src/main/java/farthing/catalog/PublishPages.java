package farthing.catalog;

import java.net.URI;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

import jakarta.transaction.Transactional;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.Response;

import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

import farthing.artefact.ArtefactCheck;
import farthing.artefact.Format;
import farthing.artefact.Rule;
import farthing.engine.Task;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.identity.SignedIn;
import farthing.money.Price;
import farthing.money.Split;
import farthing.web.Site;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.RawString;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/**
 * The form that publishes a version, and how far a publication is. The form sends what any program sends: see
 * {@link ModelsManageApi}.
 */
@Path("/publish")
@Produces(MediaType.TEXT_HTML)
@Blocking
class PublishPages {

    /**
     * @param self where it is asked for again
     * @param manageHref and the next: once it is listed
     */
    record ProgressPage(PublicationView publication, String self, @Nullable String again, @Nullable String manageHref,
            @Nullable String recordHref) {
    }

    record Preview(RawString html) {
    }

    @CheckedTemplate(basePath = "catalog")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance publish(PublishView page);

        static native TemplateInstance publication(ProgressPage page);

        static native TemplateInstance example(WorkedExample page);

        static native TemplateInstance preview(Preview page);
    }

    private final SignedIn signedIn;
    private final Accounts accounts;
    private final Publications publications;
    private final PublicationRuns runs;
    private final Drafts drafts;
    private final Management management;
    private final Models models;
    private final Licences licences;
    private final ArtefactCheck check;
    private final Site site;
    private final Clock clock;

    PublishPages(SignedIn signedIn, Accounts accounts, Publications publications, PublicationRuns runs, Drafts drafts,
            Management management, Models models, Licences licences, ArtefactCheck check, Site site, Clock clock) {
        this.signedIn = signedIn;
        this.accounts = accounts;
        this.publications = publications;
        this.runs = runs;
        this.drafts = drafts;
        this.management = management;
        this.models = models;
        this.licences = licences;
        this.check = check;
        this.site = site;
        this.clock = clock;
    }

    @GET
    @Transactional
    public TemplateInstance form(@RestQuery @Nullable String draft, @RestQuery @Nullable String model) {
        AccountId account = signedIn.ifAny().orElse(null);
        if (account == null) {
            return Templates.publish(view(null, "", "", Map.of(), null));
        }
        String handle = accounts.handleOf(account);
        Map<String, String> values = new HashMap<>(usual());
        Optional<Drafts.Draft> kept = draft == null ? Optional.empty() : drafts.find(account, draft);
        if (draft != null && kept.isEmpty()) {
            throw new NoSuchPublication();
        }
        String wanted = kept.map(one -> one.content().getOrDefault("model", "")).orElse(model == null ? "" : model);
        Model before = wanted.isEmpty() ? null : mine(account, wanted);
        if (before != null) {
            values.putAll(valuesOf(before));
        }
        kept.ifPresent(one -> values.putAll(one.content()));
        return Templates.publish(view(account, handle, kept.map(Drafts.Draft::id).orElse(""), values, before));
    }

    private Model mine(AccountId account, String called) {
        String[] parts = called.split("/", 2);
        return management.mine(account, parts[0], parts.length == 2 ? parts[1] : "");
    }

    private PublishView view(@Nullable AccountId account, String handle, String draft, Map<String, String> values,
            @Nullable Model before) {
        List<PublicationView> latest = account == null ? List.of() : publications.latest(account);
        List<PublishView.Own> own = account == null ? List.of()
                : models.of(account).stream()
                        .map(model -> new PublishView.Own(model.modelId().toString(), "/models/" + model.modelId() + "/manage",
                                state(model), model.updatedAt))
                        .toList();
        List<PublishView.DraftLine> left = account == null ? List.of()
                : drafts.of(account).stream().filter(one -> !one.id().equals(draft)).map(one -> new PublishView.DraftLine(
                        "/publish?draft=" + one.id(), one.content().getOrDefault("name", "").isBlank() ? "No name yet"
                                : handle + "/" + one.content().get("name"),
                        one.updatedAt())).toList();
        return new PublishView(account != null, account != null && !accounts.walletsOf(account).isEmpty(), handle,
                command(handle), before == null ? null : before.modelId().toString(), draft, values,
                new RawString(uploads(values)),
                choices(values, "task", "completion", "Completion: continues a text", "chat", "Chat: answers a conversation",
                        "embedding", "Embedding: turns texts into numbers", "language-identification",
                        "Language identification: names the language of a text"),
                choices(values, "template", "plain", "The last message as it is", "model", "The template in the model's file",
                        "none", "It takes no chats"),
                choices(values, "pooling", "mean", "Mean of the tokens", "cls", "First token (CLS)"),
                choices(values, "visibility", "public", "Everybody", "private", "You alone"),
                licences.ids(), rules(), own, left, latest.stream().limit(5).toList());
    }

    private static String state(Model model) {
        return model.suspended ? "suspended"
                : model.visibility == Visibility.PUBLIC && model.deprecated != null ? "deprecated"
                        : model.visibility.name().toLowerCase(Locale.ROOT);
    }

    /** @param each a value and its label, in turn */
    private static List<PublishView.Choice> choices(Map<String, String> values, String name, String... each) {
        List<PublishView.Choice> choices = new ArrayList<>();
        for (int i = 0; i < each.length; i += 2) {
            choices.add(new PublishView.Choice(each[i], each[i + 1], each[i].equals(values.get(name))));
        }
        return choices;
    }

    private static Map<String, String> usual() {
        return Map.of("kind", "files", "task", "completion", "template", "plain", "pooling", "mean", "normalise", "on",
                "visibility",
                "public", "split_developer", Typed.percent(Terms.USUAL_SPLIT.developer()));
    }

    private static Map<String, String> valuesOf(Model model) {
        Map<String, String> values = new HashMap<>();
        values.put("model", model.modelId().toString());
        values.put("name", model.name);
        values.put("task", model.task);
        values.put("purpose", model.purpose);
        values.put("card", model.card);
        values.put("visibility", model.visibility == Visibility.PRIVATE ? "private" : "public");
        if (!model.versions.isEmpty()) {
            Version last = model.versions.getFirst();
            values.put("licence", last.licence);
            values.put("attribution", last.attribution);
            values.put("provenance", last.provenance);
            values.put("template", last.promptTemplate.name().toLowerCase(Locale.ROOT));
            values.put("pooling", last.pooling.name().toLowerCase(Locale.ROOT));
            values.put("normalise", last.normalise ? "on" : "");
            values.put("split_developer", Typed.percent(last.splitDeveloper));
            values.put("split_base_model", Typed.percent(last.splitBaseModel));
            values.put("split_data_pool", Typed.percent(last.splitDataPool));
            values.put("split_validators", Typed.percent(last.splitValidators));
            OfferRow price = last.offers.getFirst();
            values.put("per_million_input_tokens", Typed.dollars(price.perMillionInputTokens));
            values.put("per_million_output_tokens", Typed.dollars(price.perMillionOutputTokens));
            values.put("per_call", Typed.dollars(price.perCall));
            values.put("per_item", Typed.dollars(price.perItem));
        }
        return values;
    }

    private String command(String handle) {
        return """
                export FARTHING_ACCESS_TOKEN=fp_…
                ./farthing publish %s/my-model --url %s \\
                  --file my-model.gguf --task completion \\
                  --purpose "Continues verse." --card card.md \\
                  --licence Apache-2.0 --price-output 0.40""".formatted(handle.isEmpty() ? "you" : handle, site.publicUrl());
    }

    private List<PublishView.RuleList> rules() {
        return Stream.of(Format.GGUF, Format.ONNX)
                .map(format -> new PublishView.RuleList(format.name(), check.rules(format).stream().map(Rule::label).toList()))
                .toList();
    }

    private String uploads(Map<String, String> values) {
        Map<String, String> uploads = new HashMap<>();
        values.forEach((name, value) -> {
            if (name.startsWith("upload_")) {
                uploads.put(name.substring("upload_".length()), value);
            }
        });
        return drafts.json(uploads).replace("<", "\\u003c");
    }

    /** Kept as it is, whatever it says: it is checked when it is published. */
    @PUT
    @Path("/drafts/{id}")
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces({ MediaType.APPLICATION_JSON, MediaType.TEXT_HTML })
    public void keep(String id, Map<String, String> content) {
        drafts.save(signedIn.account(), id, content);
    }

    @POST
    @Path("/drafts/{id}/delete")
    public Response forget(String id) {
        drafts.forget(signedIn.account(), id);
        return Response.seeOther(URI.create("/publish")).build();
    }

    @GET
    @Path("/{id}")
    @Transactional
    public TemplateInstance progress(String id, @RestQuery("draft") @Nullable String asked) {
        String draft = asked != null && asked.matches("[0-9a-f]{32}") ? asked : null;
        AccountId account = signedIn.account();
        PublicationView publication = publications.get(account, id);
        boolean listed = publication.state().equals("listed");
        if (listed && draft != null) {
            drafts.forget(account, draft);
        }
        Integer version = listed ? runs.findById(id).version : null;
        String again = listed || draft == null || drafts.find(account, draft).isEmpty() ? null : "/publish?draft=" + draft;
        String self = "/publish/" + id + (draft == null ? "" : "?draft=" + draft);
        return Templates.publication(new ProgressPage(publication, self, again, listed ? publication.href() + "/manage" : null,
                version == null ? null : "/records/" + Integer.toUnsignedString(version)));
    }

    @POST
    @Path("/preview")
    public TemplateInstance preview(@FormParam("card") @DefaultValue("") String card) {
        signedIn.account();
        return Templates.preview(
                new Preview(new RawString(Cards.html(card.substring(0, Math.min(card.length(), Terms.LONGEST_CARD))))));
    }

    @POST
    @Path("/example")
    public TemplateInstance example(MultivaluedMap<String, String> form) {
        String handle = accounts.handleOf(signedIn.account());
        Optional<Long> in = Typed.nanos(form.getFirst("per_million_input_tokens"));
        Optional<Long> out = Typed.nanos(form.getFirst("per_million_output_tokens"));
        Optional<Long> call = Typed.nanos(form.getFirst("per_call"));
        Optional<Long> item = Typed.nanos(form.getFirst("per_item"));
        if (Stream.of(in, out, call, item).anyMatch(Optional::isEmpty)) {
            return Templates
                    .example(WorkedExample.wrong("Write each price in dollars, such as 0.10, with at most nine decimals."));
        }
        List<Optional<Integer>> parts = Stream.of("developer", "base_model", "data_pool", "validators")
                .map(part -> Typed.basisPoints(form.getFirst("split_" + part))).toList();
        if (parts.stream().anyMatch(Optional::isEmpty)) {
            return Templates.example(WorkedExample.wrong("Write each part in per cent, such as 70 or 2.5."));
        }
        int[] given = parts.stream().mapToInt(Optional::orElseThrow).toArray();
        Terms terms = new Terms();
        Split split = terms.split(new VersionRequest.SplitRequest(given[0], given[1], given[2], given[3], null));
        if (terms.wrong()) {
            int rest = Split.WHOLE - Terms.PLATFORM - given[0] - given[1] - given[2] - given[3];
            return Templates.example(WorkedExample.wrong("The parts must add up to 92 % beside the platform's 8 %: "
                    + (rest > 0 ? "add " : "take away ") + Typed.percent(Math.abs(rest)) + " %."));
        }
        Task task = new Terms().task(form.getFirst("task"));
        Price price = new Price(in.orElseThrow(), out.orElseThrow(), call.orElseThrow(), item.orElseThrow());
        try {
            return Templates.example(WorkedExample.of(task, handle, price, split));
        } catch (ArithmeticException tooMuch) {
            return Templates.example(WorkedExample.wrong("That is more money than can be counted; write lower prices."));
        }
    }
}
