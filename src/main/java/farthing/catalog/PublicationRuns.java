package farthing.catalog;

import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.identity.AccountId;
import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;

/** The publications as they are stored. */
@ApplicationScoped
class PublicationRuns implements PanacheRepositoryBase<PublicationRun, String> {

    private static final TypeReference<List<Step>> STEPS = new TypeReference<>() {
    };

    private final ObjectMapper mapper;

    PublicationRuns(ObjectMapper mapper) {
        this.mapper = mapper;
    }

    long underWay(AccountId account) {
        return count("account = ?1 and state = 'RUNNING'", account.value());
    }

    /** Whether a publication under way is made of this upload. */
    boolean uses(AccountId account, String upload) {
        return list("account = ?1 and state = 'RUNNING'", account.value()).stream()
                .anyMatch(run -> wish(run).uploads().containsValue(upload));
    }

    List<PublicationRun> latest(AccountId account, int most) {
        return find("account = ?1 order by createdAt desc, id", account.value()).page(0, most).list();
    }

    List<String> running() {
        return find("state = 'RUNNING' order by createdAt, id").stream().map(run -> run.id).toList();
    }

    Optional<String> trialOf(VersionId version) {
        return find("version", version.value()).firstResultOptional().map(run -> run.trial);
    }

    Wish wish(PublicationRun run) {
        try {
            return mapper.readValue(run.wish, Wish.class);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<Step> steps(PublicationRun run) {
        try {
            return mapper.readValue(run.steps, STEPS);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    String json(Object value) {
        try {
            return mapper.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
