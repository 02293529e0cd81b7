package farthing.catalog;

import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.jspecify.annotations.Nullable;

import farthing.identity.AccountDeactivated;
import farthing.identity.AccountId;
import farthing.identity.AccountReactivated;
import farthing.money.Price;
import io.quarkus.narayana.jta.QuarkusTransaction;

/** What an owner does with models that are listed. */
@ApplicationScoped
class Management {

    /**
     * What is null stays as it is.
     *
     * @param visibility public, private or unlisted
     * @param deprecated why, and what to use instead; empty: not deprecated any more
     */
    record Edit(@Nullable String purpose, @Nullable String card, @Nullable String visibility, @Nullable String deprecated) {
    }

    private static final int LONGEST_DEPRECATION = 300;

    private final Models models;
    private final Catalog catalog;
    private final Clock clock;

    Management(Models models, Catalog catalog, Clock clock) {
        this.models = models;
        this.catalog = catalog;
        this.clock = clock;
    }

    /** @throws NotYourModel for a model of another account, whether it is there or not */
    Model mine(AccountId account, String owner, String name) {
        return owned(account, owner + "/" + name, models::find);
    }

    private static Model owned(AccountId account, String called, Function<ModelId, Optional<Model>> find) {
        return ModelId.parse(called).filter(id -> id.toString().equals(called)).flatMap(find)
                .filter(model -> model.ownerAccount == account.value()).orElseThrow(() -> new NotYourModel(called));
    }

    /** @throws InvalidListing naming every field at fault */
    void edit(AccountId account, String owner, String name, Edit edit) {
        ModelId changed = QuarkusTransaction.requiringNew().call(() -> {
            Model model = owned(account, owner + "/" + name, models::locked);
            Terms terms = new Terms();
            String purpose = edit.purpose() == null ? model.purpose : terms.purpose(edit.purpose());
            String card = edit.card() == null ? model.card : terms.card(edit.card());
            Visibility visibility = terms.choice("visibility", Visibility.class, edit.visibility(), model.visibility);
            String deprecated = edit.deprecated() == null ? model.deprecated : deprecation(terms, edit.deprecated().strip());
            terms.check();
            model.purpose = purpose;
            model.card = card;
            model.visibility = visibility;
            model.deprecated = deprecated;
            models.keepListed(model);
            return model.modelId();
        });
        catalog.changed(changed);
    }

    private static @Nullable String deprecation(Terms terms, String sentence) {
        if (sentence.length() > LONGEST_DEPRECATION || sentence.chars().anyMatch(Character::isISOControl)) {
            terms.wrong("deprecated", "Write one line of at most " + LONGEST_DEPRECATION + " characters.");
        }
        return sentence.isEmpty() ? null : sentence;
    }

    /**
     * A price from a date on. A rise is known 24 hours before, a cut may be at once.
     *
     * @throws InvalidListing naming every field at fault
     */
    Offer announce(AccountId account, String owner, String name, VersionRequest.OfferRequest request) {
        Offer offer = QuarkusTransaction.requiringNew().call(() -> {
            Model model = owned(account, owner + "/" + name, models::locked);
            Instant now = clock.instant();
            Terms terms = new Terms();
            Price price = terms.price(request);
            Instant asked = terms.from(request.from(), now);
            Instant from = asked == null ? now : asked;
            Version version = model.versions.stream()
                    .filter(one -> request.version() == null || one.label.equals(request.version())).findFirst().orElse(null);
            if (version == null) {
                terms.wrong("version", model.modelId() + " has no version '" + request.version() + "'.");
            } else {
                notice(terms, model, version, price, from, now);
            }
            terms.check();
            OfferRow row = new OfferRow(Objects.requireNonNull(version), from, price);
            models.getEntityManager().persist(row);
            model.updatedAt = now;
            models.keepListed(model);
            return row.offer();
        });
        catalog.changed(new ModelId(owner, name));
        return offer;
    }

    /**
     * As in the registry on the chain; and nobody cuts a price for a while to raise it again at once, or brings a version that
     * is still to come into force earlier and dearer than what is called until then.
     */
    private static void notice(Terms terms, Model model, Version version, Price price, Instant from, Instant now) {
        if (from.isBefore(now.plus(Terms.NOTICE)) && model.cheaper(price, from, now, version).isPresent()) {
            terms.wrong("offer.from", "A price rise needs 24 hours' notice: let it begin at "
                    + now.plus(Terms.NOTICE).truncatedTo(ChronoUnit.MINUTES).plus(1, ChronoUnit.MINUTES) + " or later.");
        }
    }

    /** Nobody calls the models of an account that takes part in nothing; its private ones were its own anyway. */
    void deactivated(@Observes AccountDeactivated event) {
        suspend(event.account(), true);
    }

    void reactivated(@Observes AccountReactivated event) {
        suspend(event.account(), false);
    }

    private void suspend(AccountId account, boolean suspended) {
        models.suspend(account, suspended);
        models.of(account).forEach(model -> catalog.changed(model.modelId()));
    }
}
