package farthing.settlement;

import java.util.Map;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import farthing.receipt.ReceiptId;
import io.smallrye.common.annotation.Blocking;

/** Proves a receipt against the root that its batch posted. */
@Path("/v1/receipts/{id}/proof")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
class ReceiptProofApi {

    private final Batches batches;

    ReceiptProofApi(Batches batches) {
        this.batches = batches;
    }

    @GET
    public Map<String, Object> proof(String id) {
        return batches.proof(ReceiptId.parse(id)).fields();
    }
}
