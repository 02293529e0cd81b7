package farthing.catalog;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.identity.AccountId;
import farthing.identity.AllowedModels;
import io.quarkus.hibernate.orm.panache.PanacheRepository;
import io.quarkus.panache.common.Sort;

/** The listed models. Every method brings its own transaction, so that calls outside a request may ask too. */
@ApplicationScoped
@Transactional
class Models implements PanacheRepository<Model> {

    private static final Sort BY_NAME = Sort.by("owner", "name");

    private final Shelf shelf;

    Models(Shelf shelf) {
        this.shelf = shelf;
    }

    Optional<Model> find(ModelId id) {
        return find("owner = ?1 and name = ?2", id.owner(), id.name()).firstResultOptional();
    }

    @Nullable
    Known known(ModelId id) {
        return find(id).map(Known::of).orElse(null);
    }

    Published published(VersionId id) {
        Version version = getEntityManager().find(Version.class, id.value());
        Model model = version.model;
        return new Published(id, model.modelId(), version.label, model.task().wireName(), version.split(),
                model.modelId().owner(), model.developer(), new Address(version.payee));
    }

    Optional<VersionFacts> facts(VersionId id) {
        return Optional.ofNullable(getEntityManager().find(Version.class, id.value())).map(VersionFacts::of);
    }

    Offer offer(OfferId id) {
        return getEntityManager().find(OfferRow.class, id.value()).offer();
    }

    List<Model> of(AccountId account) {
        return list("ownerAccount", BY_NAME, account.value());
    }

    Optional<Model> anyOf(AccountId account) {
        return find("ownerAccount", account.value()).page(0, 1).stream().findFirst();
    }

    List<VersionId> versionsPaidTo(Collection<Address> wallets) {
        return getEntityManager().createQuery("select v.id from Version v where v.payee in ?1", Integer.class)
                .setParameter(1, wallets.stream().map(Address::text).toList()).getResultList().stream().map(VersionId::new)
                .toList();
    }

    List<VersionId> versionsOf(AccountId account) {
        return getEntityManager().createQuery("""
                select v.id from Version v where v.model.ownerAccount = :account
                order by v.model.owner, v.model.name, v.id desc""", Integer.class).setParameter("account", account.value())
                .getResultStream().map(VersionId::new).toList();
    }

    record Named(String owner, String name, Instant createdAt) {

        String called() {
            return owner + "/" + name;
        }
    }

    /**
     * The models that this account, or nobody, finds and may call: by name, from the one after the given one on.
     *
     * @param allowed what the key that asks may call
     */
    List<Named> callable(Instant now, Optional<AccountId> asker, AllowedModels allowed, Optional<ModelId> after, int most) {
        // The cards are long, and nobody asked for them.
        return getEntityManager().createQuery("""
                select m.owner, m.name, m.createdAt from Model m
                where not m.suspended and (m.visibility = 'PUBLIC' or m.visibility = 'PRIVATE' and m.ownerAccount = :asker)
                    and m.owner >= :owner and (m.owner > :owner or m.name > :name)
                    and (:all = true or m.owner in :owners or m.owner || '/' || m.name in :named)
                    and exists (select 1 from OfferRow o where o.version.model = m and o.validFrom <= :now)
                order by m.owner, m.name""", Named.class).setParameter("now", now).setParameter("asker", owner(asker))
                .setParameter("owner", after.map(ModelId::owner).orElse("")).setParameter("name",
                        after.map(ModelId::name).orElse(""))
                .setParameter("all", allowed.equals(AllowedModels.ALL)).setParameter("owners", allowed.owners())
                .setParameter("named", allowed.named()).setMaxResults(most).getResultList();
    }

    /** Those that were changed in the last seconds, by any server. */
    @SuppressWarnings("unchecked")
    List<ModelId> changedIn(Duration last) {
        List<String> called = getEntityManager()
                // Asked for once, and not anew for each row: so the index is used.
                .createNativeQuery("select called from model"
                        + " where changed_at > (select clock_timestamp() - make_interval(secs => :s))", String.class)
                .setParameter("s", last.toSeconds()).getResultList();
        return called.stream().flatMap(one -> ModelId.parse(one).stream()).toList();
    }

    /** Nobody has this number. */
    private static long owner(Optional<AccountId> asker) {
        return asker.map(AccountId::value).orElse(-1L);
    }

    void add(AccountId developer, Address payee, ModelId id, Publication publication, List<VersionFile> files, Instant now) {
        list(developer, payee, id, publication, files, now, now);
    }

    /** As a new model, or as the next version of one; nobody else changes the model meanwhile. */
    Version list(AccountId developer, Address payee, ModelId id, Publication publication, List<VersionFile> files,
            Instant offerFrom, Instant now) {
        Model model = locked(id).orElseGet(() -> new Model(developer, id, publication, now));
        String label = Integer.toString(model.versions.size() + 1);
        Version version = new Version(model, label, payee, publication.artefact(), files, now);
        version.offers.add(new OfferRow(version, offerFrom, publication.artefact().price()));
        model.versions.addFirst(version);
        model.purpose = publication.purpose();
        model.card = publication.card();
        model.updatedAt = now;
        persist(model);
        keepListed(model);
        return version;
    }

    /** For a change that nobody else may make meanwhile. */
    Optional<Model> locked(ModelId id) {
        return find("owner = ?1 and name = ?2", id.owner(), id.name()).withLock(LockModeType.PESSIMISTIC_WRITE)
                .firstResultOptional();
    }

    /** The label of the version of this model that has exactly these bytes. */
    @SuppressWarnings("unchecked")
    Optional<String> labelOf(ModelId id, String sha256) {
        List<String> labels = getEntityManager().createNativeQuery("""
                select v.label from model m join version v on v.model_id = m.id join version_file f on f.version_id = v.id
                where m.owner = :owner and m.name = :name and f.role = 'MODEL' and f.sha256 = :sha256 order by v.id""",
                String.class).setParameter("owner", id.owner()).setParameter("name", id.name()).setParameter("sha256", sha256)
                .getResultList();
        return labels.stream().findFirst();
    }

    void suspend(AccountId developer, boolean suspended) {
        update("suspended = ?1 where ownerAccount = ?2", suspended, developer.value());
    }

    /** To be called whenever a model, its versions or its offers were changed. */
    void keepListed(Model model) {
        getEntityManager().flush();
        shelf.keep(List.of(model.id));
    }

    /** At most three, the most similar first; a wrong name by the same owner alone is no similarity. */
    @SuppressWarnings("unchecked")
    List<ModelId> similarTo(String asked, Optional<AccountId> asker) {
        String whole = asked.substring(0, Math.min(asked.length(), 150)).replaceAll("@.*|\\p{Cntrl}", "").strip()
                .toLowerCase(Locale.ROOT);
        List<String> called = getEntityManager().createNativeQuery("""
                select called from model
                where (called % :whole and similarity(called, :whole) >= 0.4
                   or :name <% called and word_similarity(:name, called) >= 0.6)
                  and not suspended and (visibility = 'PUBLIC' or visibility = 'PRIVATE' and owner_account = :asker)
                order by similarity(called, :whole) + word_similarity(:name, called) desc, called limit 3""", String.class)
                .setParameter("whole", whole).setParameter("name", whole.substring(whole.indexOf('/') + 1))
                .setParameter("asker", owner(asker)).getResultList();
        return called.stream().flatMap(one -> ModelId.parse(one).stream()).toList();
    }
}
