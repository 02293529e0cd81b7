package farthing.metering;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import org.jspecify.annotations.Nullable;

import farthing.catalog.Catalog;
import farthing.catalog.Published;
import farthing.catalog.VersionId;
import farthing.identity.AccountId;
import farthing.identity.ApiKeys;
import farthing.money.Split;
import farthing.receipt.ReceiptBody;
import farthing.receipt.ReceiptId;
import farthing.receipt.ReceiptProof;
import farthing.receipt.ReceiptSigner;
import farthing.web.Visit;
import io.smallrye.common.annotation.Blocking;

/**
 * {@code GET /v1/receipts/{id}}, no login needed: the public row and its signature. With one of the payer's API keys, or in the
 * payer's browser, also what the row's body hash stands for.
 */
@Path("/v1/receipts/{id}")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
class ReceiptsApi {

    private final UsageLog log;
    private final Catalog catalog;
    private final ApiKeys apiKeys;
    private final Visit visit;
    private final Proofs proofs;
    private final Settled settled;

    ReceiptsApi(UsageLog log, Catalog catalog, ApiKeys apiKeys, Visit visit, Proofs proofs, Settled settled) {
        this.log = log;
        this.catalog = catalog;
        this.apiKeys = apiKeys;
        this.visit = visit;
        this.proofs = proofs;
        this.settled = settled;
    }

    @GET
    public Map<String, Object> receipt(String id, @HeaderParam("Authorization") @Nullable String authorization) {
        ReceiptId receipt = ReceiptId.parse(id);
        UsageLog.Full call = log.find(receipt).orElseThrow(() -> new ReceiptNotFound(receipt));
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("id", receipt.toString());
        answer.put("object", "receipt");
        answer.put("receipt", publicRow(call));
        answer.put("commit", commit(call));
        answer.put("settlement", settlement(call));
        if (call.reversedAt() != null) {
            answer.put("reversed_at", call.reversedAt().toString());
        }
        if (isPayer(call, authorization)) {
            answer.put("body", body(call));
        }
        return answer;
    }

    private Map<String, Object> settlement(UsageLog.Full call) {
        Map<String, Object> settlement = new LinkedHashMap<>();
        Optional<Settled.InBatch> batch = settled.batchOf(call.receipt().lease(), call.receipt().seq());
        settlement.put("state", batch.map(Settled.InBatch::state).orElse("pending"));
        batch.ifPresent(its -> settlement.put("batch", its.batch()));
        return settlement;
    }

    private boolean isPayer(UsageLog.Full call, @Nullable String authorization) {
        AccountId asking = authorization != null ? apiKeys.authenticate(authorization).account()
                : visit.viewer().map(AccountId::of).orElse(null);
        return call.account().equals(asking);
    }

    private Map<String, Object> publicRow(UsageLog.Full call) {
        Published version = catalog.published(new VersionId(call.receipt().version()));
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("line", Integer.toUnsignedLong(call.receipt().line()));
        row.put("lease", HexFormat.of().toHexDigits(call.receipt().lease()));
        row.put("seq", call.receipt().seq());
        row.put("version", call.receipt().version());
        row.put("model", version.name());
        row.put("charge_nanos", call.receipt().charge().nanos());
        row.put("body_hash", hex(call.receipt().bodyHash()));
        row.put("shares_hash", hex(call.receipt().sharesHash()));
        row.put("leaf", hex(call.receipt().leaf()));
        row.put("split", split(version.split(), call));
        return row;
    }

    private static Map<String, Object> split(Split split, UsageLog.Full call) {
        Split.Parts parts = split.divide(call.receipt().charge());
        Map<String, Object> divided = new LinkedHashMap<>();
        divided.put("developer", Map.of("basis_points", split.developer(), "nanos", parts.developer().nanos()));
        divided.put("base_model", Map.of("basis_points", split.baseModel(), "nanos", parts.baseModel().nanos()));
        divided.put("data_pool", Map.of("basis_points", split.dataPool(), "nanos", parts.dataPool().nanos()));
        divided.put("validators", Map.of("basis_points", split.validators(), "nanos", parts.validators().nanos()));
        divided.put("platform", Map.of("basis_points", split.platform(), "nanos", parts.platform().nanos()));
        return divided;
    }

    private Map<String, Object> commit(UsageLog.Full call) {
        ReceiptProof proof = proofs.of(call);
        Map<String, Object> commit = new LinkedHashMap<>();
        commit.put("root", hex(proof.root()));
        commit.put("size", proof.size());
        commit.put("leaf_index", proof.leafIndex());
        commit.put("path", proof.path().stream().map(ReceiptsApi::hex).toList());
        commit.put("signer", hex(proof.signer()));
        commit.put("signature", hex(proof.signature()));
        commit.put("type", ReceiptSigner.TYPE);
        commit.put("domain",
                Map.of("name", ReceiptSigner.DOMAIN, "version", ReceiptSigner.VERSION, "chainId", proof.chainId()));
        return commit;
    }

    private static Map<String, Object> body(UsageLog.Full call) {
        ReceiptBody stored = call.body();
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("charged_at", stored.chargedAt().toString());
        body.put("charged_at_micros", ChronoUnit.MICROS.between(Instant.EPOCH, stored.chargedAt()));
        body.put("offer", stored.offer());
        body.put("input_tokens", stored.inputTokens());
        body.put("output_tokens", stored.outputTokens());
        body.put("items", stored.items());
        body.put("request_hash", hex(stored.requestHash()));
        body.put("response_hash", hex(stored.responseHash()));
        body.put("body_salt", hex(call.salts().body()));
        body.put("request_salt", hex(call.salts().request()));
        body.put("response_salt", hex(call.salts().answer()));
        body.put("abandoned", call.abandoned());
        return body;
    }

    private static String hex(byte[] bytes) {
        return "0x" + HexFormat.of().formatHex(bytes);
    }
}
