package farthing.catalog;

import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.identity.AccountId;
import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;

/** Forms of /publish as their owners left them, so that a reload or another day loses nothing. */
@ApplicationScoped
@Transactional
class Drafts implements PanacheRepositoryBase<PublishDraft, String> {

    private static final TypeReference<Map<String, String>> CONTENT = new TypeReference<>() {
    };
    private static final int MOST = 20;
    private static final int LONGEST = 100_000;

    private final ObjectMapper mapper;
    private final Clock clock;

    Drafts(ObjectMapper mapper, Clock clock) {
        this.mapper = mapper;
        this.clock = clock;
    }

    record Draft(String id, Map<String, String> content, Instant updatedAt) {
    }

    Optional<Draft> find(AccountId account, String id) {
        return findByIdOptional(id).filter(draft -> draft.account == account.value()).map(this::read);
    }

    /** Newest first. */
    List<Draft> of(AccountId account) {
        return find("account = ?1 order by updatedAt desc", account.value()).page(0, MOST).stream().map(this::read).toList();
    }

    /** The oldest one makes room where there are too many. @throws InvalidListing for one that is too long */
    void save(AccountId account, String id, Map<String, String> content) {
        String json = json(content);
        if (!id.matches("[0-9a-f]{32}") || json.length() > LONGEST) {
            throw new InvalidListing("draft", "A draft has at most %,d characters.".formatted(LONGEST));
        }
        PublishDraft draft = findByIdOptional(id).orElseGet(() -> new PublishDraft(id, account, json, clock.instant()));
        if (draft.account != account.value()) {
            throw new NoSuchPublication();
        }
        draft.content = json;
        draft.updatedAt = clock.instant();
        persist(draft);
        find("account = ?1 order by updatedAt desc", account.value()).page(1, MOST).list().forEach(this::delete);
    }

    void forget(AccountId account, String id) {
        delete("id = ?1 and account = ?2", id, account.value());
    }

    private Draft read(PublishDraft draft) {
        try {
            return new Draft(draft.id, mapper.readValue(draft.content, CONTENT), draft.updatedAt);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    String json(Map<String, String> content) {
        try {
            return mapper.writeValueAsString(content);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
