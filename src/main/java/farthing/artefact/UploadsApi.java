package farthing.artefact;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HEAD;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.NotAllowedException;
import jakarta.ws.rs.OPTIONS;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.jspecify.annotations.Nullable;

import farthing.artefact.UploadFolder.ChunkChecksum;
import farthing.artefact.UploadFolder.ClientLeft;
import farthing.blob.Digest;
import farthing.identity.Access;
import farthing.identity.AccountId;
import farthing.identity.Scope;
import farthing.web.LongBody;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;

/**
 * The tus 1.0 protocol (https://tus.io/protocols/resumable-upload) with creation, creation-with-upload, termination, checksum
 * and
 * expiration. {@code GET} is ours: what became of an upload, as JSON.
 */
@Path(UploadsApi.PATH)
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
class UploadsApi implements LongBody {

    static final String PATH = "/api/uploads";

    private static final String VERSION = "1.0.0";
    private static final String EXTENSIONS = "creation,creation-with-upload,termination,checksum,expiration";
    private static final String BYTES = "application/offset+octet-stream";
    /** What is read and dropped of a refused request, so that its sender reads why; with more to come it is cut off. */
    private static final int PATIENCE = 16 << 20;
    private static final DateTimeFormatter HTTP_DATE = DateTimeFormatter
            .ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH).withZone(ZoneOffset.UTC);

    record State(String id, String fileName, long size, long received, String state, @Nullable String sha256,
            @Nullable String refusal, Instant expiresAt) {

        static State of(Upload upload) {
            Digest digest = upload.digest();
            return new State(upload.id().toString(), upload.fileName(), upload.size(), upload.received(), upload.state().name(),
                    digest == null ? null : digest.hex(), upload.refusal(), upload.expiresAt());
        }
    }

    private final Uploads uploads;
    private final Access access;
    private final RoutingContext context;

    UploadsApi(Uploads uploads, Access access, RoutingContext context) {
        this.uploads = uploads;
        this.access = access;
        this.context = context;
    }

    @Override
    public boolean isIn(String method, String path) {
        return path.startsWith(PATH + "/") && (method.equals("PATCH") || method.equals("POST"));
    }

    @Override
    public long most() {
        return uploads.largest();
    }

    @OPTIONS
    public Response options() {
        answer().putHeader("Tus-Version", VERSION).putHeader("Tus-Extension", EXTENSIONS)
                .putHeader("Tus-Max-Size", Long.toString(uploads.largest())).putHeader("Tus-Checksum-Algorithm", "sha256,sha1");
        return Response.noContent().build();
    }

    @OPTIONS
    @Path("{id}")
    public Response optionsOfOne() {
        return options();
    }

    @POST
    public Response create(InputStream body, @HeaderParam("Upload-Length") @Nullable String length,
            @HeaderParam("Upload-Defer-Length") @Nullable String deferred,
            @HeaderParam("Upload-Metadata") @Nullable String metadata,
            @HeaderParam("Upload-Checksum") @Nullable String checksum) throws IOException {
        return reading(body, account -> {
            if (deferred != null) {
                throw new UploadRefused.WrongHeader("Upload-Defer-Length", "is not understood here; send Upload-Length");
            }
            Map<String, String> told = metadata(metadata);
            UploadId id = uploads.create(account, told.getOrDefault("filename", "unnamed"), number("Upload-Length", length),
                    announced(told.get("checksum")));
            answer().putHeader("Location", PATH + "/" + id);
            Upload upload = BYTES.equals(context.request().getHeader("Content-Type"))
                    ? uploads.append(account, id, 0, body, checksum(checksum))
                    : uploads.get(account, id);
            tell(upload);
            return Response.status(201).build();
        });
    }

    @HEAD
    @Path("{id}")
    public Response head(@PathParam("id") String id) {
        checkVersion();
        Upload upload = uploads.get(access.require(Scope.PUBLISH), UploadId.parse(id));
        if (upload.state() == Upload.State.REFUSED) {
            throw new UploadRefused.Refused(String.valueOf(upload.refusal()));
        }
        tell(upload);
        answer().putHeader("Upload-Length", Long.toString(upload.size())).putHeader("Cache-Control", "no-store")
                .putHeader("Upload-Metadata", "filename " + Base64.getEncoder()
                        .encodeToString(upload.fileName().getBytes(StandardCharsets.UTF_8)));
        return Response.ok().build();
    }

    @GET
    @Path("{id}")
    public State get(@PathParam("id") String id) {
        return State.of(uploads.get(access.require(Scope.READ), UploadId.parse(id)));
    }

    @PATCH
    @Path("{id}")
    public Response append(InputStream body, @PathParam("id") String id, @HeaderParam("Upload-Offset") @Nullable String offset,
            @HeaderParam("Upload-Checksum") @Nullable String checksum) throws IOException {
        return reading(body, account -> {
            if (!BYTES.equals(context.request().getHeader("Content-Type"))) {
                throw new UploadRefused.WrongType();
            }
            tell(uploads.append(account, UploadId.parse(id), number("Upload-Offset", offset), body, checksum(checksum)));
            return Response.noContent().build();
        });
    }

    @DELETE
    @Path("{id}")
    public Response delete(@PathParam("id") String id) {
        checkVersion();
        uploads.discard(access.require(Scope.PUBLISH), UploadId.parse(id));
        return Response.noContent().build();
    }

    /** Clients that know no other methods name the one they mean in a header. */
    @POST
    @Path("{id}")
    public Response override(InputStream body, @PathParam("id") String id,
            @HeaderParam("X-HTTP-Method-Override") @Nullable String method,
            @HeaderParam("Upload-Offset") @Nullable String offset, @HeaderParam("Upload-Checksum") @Nullable String checksum)
            throws IOException {
        return switch (method == null ? "" : method) {
            case "PATCH" -> append(body, id, offset, checksum);
            case "DELETE" -> delete(id);
            case "HEAD" -> head(id);
            default -> throw new NotAllowedException("PATCH", new String[] { "HEAD", "DELETE" });
        };
    }

    private interface Answering {
        Response to(AccountId account) throws IOException;
    }

    private Response reading(InputStream body, Answering answering) throws IOException {
        boolean answered = false;
        try {
            checkVersion();
            Response response = answering.to(access.require(Scope.PUBLISH));
            answered = true;
            return response;
        } catch (ClientLeft left) {
            // Nobody reads this answer.
            answered = true;
            return Response.status(400).build();
        } finally {
            if (!answered) {
                drop(body);
            }
        }
    }

    private void drop(InputStream body) {
        try {
            byte[] buffer = new byte[1 << 16];
            for (int dropped = 0; dropped < PATIENCE;) {
                int n = body.read(buffer);
                if (n < 0) {
                    return;
                }
                dropped += n;
            }
        } catch (IOException e) {
            // It is refused anyway.
        }
        HttpServerResponse response = context.response();
        response.putHeader("Connection", "close").endHandler(end -> context.request().connection().close());
    }

    private void checkVersion() {
        answer();
        if (!VERSION.equals(context.request().getHeader("Tus-Resumable"))) {
            context.response().putHeader("Tus-Version", VERSION);
            throw new UploadRefused.WrongVersion();
        }
    }

    private void tell(Upload upload) {
        answer().putHeader("Upload-Offset", Long.toString(upload.received()))
                .putHeader("Upload-Expires", HTTP_DATE.format(upload.expiresAt()));
    }

    private HttpServerResponse answer() {
        return context.response().putHeader("Tus-Resumable", VERSION);
    }

    private static long number(String header, @Nullable String value) {
        if (value == null || !value.matches("[0-9]{1,18}")) {
            throw new UploadRefused.WrongHeader(header, value == null ? "is missing; it is a number of bytes"
                    : "must be a whole number of bytes");
        }
        return Long.parseLong(value);
    }

    private static Map<String, String> metadata(@Nullable String header) {
        Map<String, String> metadata = new HashMap<>();
        for (String pair : Optional.ofNullable(header).orElse("").split(",")) {
            String[] parts = pair.strip().split(" ", 2);
            if (!parts[0].isEmpty()) {
                metadata.put(parts[0],
                        parts.length == 1 ? "" : text("Upload-Metadata", base64("Upload-Metadata", parts[1].strip())));
            }
        }
        return metadata;
    }

    private static @Nullable Digest announced(@Nullable String checksum) {
        if (checksum == null) {
            return null;
        }
        String[] parts = checksum.strip().split("\\s+");
        if (parts.length == 2 && parts[0].equalsIgnoreCase("sha256")) {
            String value = parts[1];
            if (value.matches("[0-9a-fA-F]{64}")) {
                return new Digest(value.toLowerCase(Locale.ROOT));
            }
            byte[] bytes = base64("Upload-Metadata", value);
            if (bytes.length == 32) {
                return Digest.of(bytes);
            }
        }
        throw new UploadRefused.WrongHeader("Upload-Metadata",
                "has a checksum that is not 'sha256' and its 64 hex digits or base64");
    }

    private static @Nullable ChunkChecksum checksum(@Nullable String header) {
        if (header == null) {
            return null;
        }
        String[] parts = header.strip().split("\\s+");
        int length = switch (parts[0]) {
            case "sha1" -> 20;
            case "sha256" -> 32;
            default -> throw new UploadRefused.WrongHeader("Upload-Checksum", "must name sha256 or sha1");
        };
        byte[] expected = base64("Upload-Checksum", parts.length == 2 ? parts[1] : "");
        if (expected.length != length) {
            throw new UploadRefused.WrongHeader("Upload-Checksum", "must be " + parts[0] + " and its base64");
        }
        return new ChunkChecksum(parts[0], expected);
    }

    private static byte[] base64(String header, String value) {
        try {
            return Base64.getDecoder().decode(value);
        } catch (IllegalArgumentException e) {
            throw new UploadRefused.WrongHeader(header, "has a value that is not base64");
        }
    }

    private static String text(String header, byte[] utf8) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
        } catch (CharacterCodingException e) {
            throw new UploadRefused.WrongHeader(header, "has a value that is not UTF-8");
        }
    }
}
