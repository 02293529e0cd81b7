package farthing.onchain;

import java.time.Instant;
import java.util.List;
import java.util.Map;

import jakarta.transaction.Transactional;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

import farthing.catalog.VersionFacts;
import farthing.catalog.VersionId;
import farthing.chain.Deployment;
import farthing.chain.Signatures;
import farthing.identity.Access;
import farthing.identity.AccountId;
import farthing.identity.Scope;
import io.smallrye.common.annotation.RunOnVirtualThread;

/** With which a developer states a version on chain: ask what is to be signed, sign it with the paid wallet, send it back. */
@Path("/api/records/{version}")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "Records", description = "Statements of versions and offers in the chain's model registry")
class RecordsApi {

    /**
     * @param version EIP-712 typed data, null when the version is stated already
     * @param offers EIP-712 typed data, to be signed one by one in this order
     * @param deadline seconds since 1970
     */
    record Asked(String signer, long deadline, @Nullable Map<String, Object> version, List<Map<String, Object>> offers) {
    }

    /** Signatures in the order of {@link Asked}, as hexadecimal text. */
    record Signatured(long deadline, @Nullable String version, @Nullable List<String> offers) {
    }

    private final Access access;
    private final Statements statements;
    private final Deployment deployment;

    RecordsApi(Access access, Statements statements, Deployment deployment) {
        this.access = access;
        this.statements = statements;
        this.deployment = deployment;
    }

    @GET
    @Transactional
    @Operation(summary = "What is still to be signed to state a version and its offers on chain")
    public Asked toSign(int version) {
        AccountId account = access.require(Scope.PUBLISH);
        VersionFacts facts = statements.own(account, new VersionId(version));
        Instant deadline = statements.deadline();
        ToSign wanted = statements.toSign(facts, deadline);
        return new Asked(facts.payee().text(), deadline.getEpochSecond(),
                wanted.version() == null ? null : TypedData.of(deployment, wanted.version(), deadline),
                wanted.offers().stream().map(offer -> TypedData.of(deployment, offer.statement(), deadline)).toList());
    }

    @POST
    @Operation(summary = "Sends the signed statements to the registry, at the operator's cost")
    public Response state(int version, Signatured signed) {
        AccountId account = access.require(Scope.PUBLISH);
        VersionFacts facts = statements.own(account, new VersionId(version));
        List<String> offers = signed.offers() == null ? List.of() : signed.offers();
        statements.state(account, facts, new Statements.Signed(Instant.ofEpochSecond(signed.deadline()),
                signed.version() == null ? null : Signatures.parseAny(signed.version().strip()),
                offers.stream().map(offer -> Signatures.parseAny(offer.strip())).toList()));
        return Response.accepted(Map.of("record", "/records/" + Integer.toUnsignedString(version))).build();
    }
}
