package farthing.onchain;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import jakarta.transaction.Transactional;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import farthing.catalog.Catalog;
import farthing.catalog.VersionFacts;
import farthing.catalog.VersionId;
import farthing.chain.BlockRef;
import farthing.chain.Deployment;
import farthing.chain.RegistryCalls;
import farthing.chain.Transactions;
import farthing.identity.Demo;
import farthing.identity.SignedIn;
import farthing.web.Shortened;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.RawString;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** What a developer has stated of one version on chain, and for the developer the way to state it. */
@Path("/records/{version}")
@Blocking
class RecordPages {

    /**
     * @param statements oldest first
     * @param toSign how many signatures are wanted of the viewer; 0 for everybody but its developer
     */
    record RecordPage(String version, String versionHref, String name, Hash registry, Hash record, Hash owner,
            List<Field> fields,
            String provenance, List<Line> statements, int toSign, @Nullable RawString factsJson) {
    }

    record Hash(String whole, String abbreviated) {

        static Hash of(String whole) {
            return new Hash(whole, Shortened.of(whole));
        }
    }

    record Field(String label, Hash hash, String how) {
    }

    /** @param kind of the badge */
    record Line(String what, String state, String kind, Instant at, @Nullable Hash transaction, @Nullable Long block,
            @Nullable String fault) {
    }

    @CheckedTemplate(basePath = "onchain")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance record(RecordPage page);
    }

    private final Catalog catalog;
    private final Statements statements;
    private final SignedIn signedIn;
    private final Deployment deployment;
    private final Demo demo;
    private final ObjectMapper json;

    RecordPages(Catalog catalog, Statements statements, SignedIn signedIn, Deployment deployment, Demo demo,
            ObjectMapper json) {
        this.catalog = catalog;
        this.statements = statements;
        this.signedIn = signedIn;
        this.deployment = deployment;
        this.demo = demo;
        this.json = json;
    }

    @GET
    @Produces(MediaType.TEXT_HTML)
    @Transactional
    public TemplateInstance show(int version) {
        VersionId id = new VersionId(version);
        VersionFacts facts = catalog.facts(id).orElseThrow(() -> StatementRefused.noSuchVersion(id));
        List<Statements.Sent> sent = statements.of(id);
        boolean own = signedIn.ifAny().filter(facts.developer()::equals).isPresent();
        // What nobody stated is nobody's business but its developer's: the model may be private.
        if (!own && sent.stream().noneMatch(Statements.Sent::stands)) {
            throw StatementRefused.noSuchVersion(id);
        }
        ToSign wanted = statements.toSign(facts, statements.deadline());
        RegistryCalls.Version statement = Provenance.statement(facts);
        return Templates.record(new RecordPage(facts.model() + "@" + facts.label(), "/models/" + facts.model(),
                statement.name(), Hash.of(deployment.registry().text()), Hash.of(TypedData.hex(statement.id())),
                Hash.of(facts.payee().text()), fields(statement), Provenance.text(facts), lines(sent),
                own ? wanted.count() : 0, own ? new RawString(factsJson(facts)) : null));
    }

    private static List<Field> fields(RegistryCalls.Version statement) {
        return List.of(
                new Field("Artefact", Hash.of(TypedData.hex(statement.artefactHash())), "SHA-256 of the model file"),
                new Field("Provenance", Hash.of(TypedData.hex(statement.provenanceHash())),
                        "keccak256 of the text below"),
                new Field("Split", Hash.of(TypedData.hex(statement.splitHash())),
                        "keccak256 of the five parts in basis points, two bytes each"));
    }

    private static List<Line> lines(List<Statements.Sent> sent) {
        List<Line> lines = new ArrayList<>();
        for (Statements.Sent one : sent) {
            Statement statement = one.statement();
            Optional<Transactions.Sent> outcome = one.sent();
            BlockRef block = outcome.map(Transactions.Sent::block).orElse(null);
            lines.add(new Line(statement.number == null ? "The version" : "Offer " + statement.number, state(one), kind(one),
                    statement.signedAt, outcome.map(Transactions.Sent::transaction).map(Hash::of).orElse(null),
                    block == null ? null : block.number(), outcome.map(Transactions.Sent::fault).orElse(null)));
        }
        return lines;
    }

    private static String state(Statements.Sent one) {
        return one.sent().map(sent -> switch (sent.state()) {
            case QUEUED -> one.stands() ? "waits to be sent" : "too late";
            case SENT -> "sent";
            case MINED -> "in a block";
            case FINAL -> "final";
            case REVERTED -> "refused by the registry";
        }).orElse("unknown");
    }

    private static String kind(Statements.Sent one) {
        return one.sent().filter(sent -> sent.block() != null && sent.state() != Transactions.State.REVERTED).isPresent()
                ? "good"
                : one.stands() ? "waiting" : "bad";
    }

    /** For the script that asks the wallet. */
    private String factsJson(VersionFacts facts) {
        ObjectNode node = json.createObjectNode();
        node.put("version", Integer.toUnsignedString(facts.version().value()));
        node.put("chainId", deployment.chainId());
        node.put("signer", facts.payee().text());
        demo.keyOf(facts.developer()).filter(key -> key.address().equals(facts.payee()))
                .ifPresent(key -> node.put("demoKey", key.secretHex()));
        try {
            return json.writeValueAsString(node).replace("<", "\\u003c");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
