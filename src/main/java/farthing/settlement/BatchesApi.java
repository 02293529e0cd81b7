package farthing.settlement;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.jboss.resteasy.reactive.RestQuery;

import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.receipt.LineFile;
import io.smallrye.common.annotation.Blocking;

/** Everything that a batch was computed from, for anyone who computes it again. */
@Path("/v1/batches")
@Blocking
class BatchesApi {

    private static final int MOST = 100;

    private final Batches batches;
    private final ObjectMapper json;

    BatchesApi(Batches batches, ObjectMapper json) {
        this.batches = batches;
        this.json = json;
    }

    @GET
    @Produces(MediaType.APPLICATION_JSON)
    public Map<String, Object> list(@RestQuery @DefaultValue("") String before, @RestQuery @DefaultValue("20") String limit) {
        int most = limit.matches("[1-9][0-9]{0,3}") ? Math.min(Integer.parseInt(limit), MOST) : 20;
        List<Batch> page = batches.before(before.isEmpty() ? Long.MAX_VALUE : number(before), most + 1);
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("object", "list");
        answer.put("data", page.stream().limit(most).map(BatchesApi::fields).toList());
        answer.put("has_more", page.size() > most);
        return answer;
    }

    @GET
    @Path("{seq}")
    @Produces(MediaType.APPLICATION_JSON)
    public Map<String, Object> batch(String seq) {
        Batch batch = batches.get(number(seq));
        Map<String, Object> answer = fields(batch);
        Map<String, String> lines = new LinkedHashMap<>();
        batches.manifest(batch).lines().forEach(line -> lines.put(Integer.toUnsignedString(line.line()),
                "/v1/batches/" + batch.seq() + "/lines/" + Integer.toUnsignedString(line.line())));
        try {
            answer.put("manifest", json.readTree(batches.manifestBytes(batch)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        answer.put("links", Map.of("manifest", "/v1/batches/" + batch.seq() + "/manifest", "lines", lines));
        return answer;
    }

    /** The very bytes that {@code manifest_sha256} is the hash of. */
    @GET
    @Path("{seq}/manifest")
    @Produces(MediaType.APPLICATION_JSON)
    public byte[] manifest(String seq) {
        return batches.manifestBytes(batches.get(number(seq)));
    }

    @GET
    @Path("{seq}/lines/{line}")
    @Produces(MediaType.APPLICATION_OCTET_STREAM)
    public Response line(String seq, String line) {
        Batch batch = batches.get(number(seq));
        if (!line.matches("[0-9]{1,10}") || Long.parseLong(line) >>> 32 != 0) {
            throw new NoSuchBatch(line);
        }
        int number = Integer.parseUnsignedInt(line);
        InputStream file = batches.lineFile(batch, number);
        return Response.ok(file)
                .header("Content-Disposition", "attachment; filename=\"" + LineFile.name(number) + "\"").build();
    }

    private static Map<String, Object> fields(Batch batch) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("object", "batch");
        fields.put("seq", batch.seq());
        fields.put("state", batch.state().name().toLowerCase());
        if (batch.transaction() != null && batch.block() != null && batch.minedAt() != null) {
            Map<String, Object> transaction = new LinkedHashMap<>();
            transaction.put("hash", batch.transaction());
            transaction.put("block", batch.block());
            transaction.put("mined_at", batch.minedAt().toString());
            fields.put("transaction", transaction);
        }
        fields.put("manifest_sha256", batch.manifest().hex());
        return fields;
    }

    static long number(String text) {
        if (!text.matches("[1-9][0-9]{0,17}")) {
            throw new NoSuchBatch(text);
        }
        return Long.parseLong(text);
    }
}
