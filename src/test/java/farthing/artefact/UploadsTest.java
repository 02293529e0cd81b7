package farthing.artefact;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;

import jakarta.inject.Inject;

import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import farthing.TestDatabase;
import farthing.blob.Blobs;
import farthing.blob.Digest;
import farthing.chain.SigningKey;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.identity.PersonalTokens;
import farthing.identity.Scope;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;

@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class UploadsTest {

    @Inject
    Uploads uploads;
    @Inject
    StoredUploads stored;
    @Inject
    Accounts accounts;
    @Inject
    PersonalTokens tokens;
    @Inject
    Blobs blobs;
    @Inject
    Clock clock;
    @Inject
    @ConfigProperty(name = "farthing.data")
    Path data;

    private final Random random = new Random(4);
    private final byte[] content = bytes(100_000);
    private AccountId owner;
    private Tus tus;
    private String token;

    @BeforeEach
    void signUp() {
        owner = accounts.of(SigningKey.generate(new SecureRandom()).address());
        token = tokens.create(owner, "test", EnumSet.allOf(Scope.class), null).secret();
        tus = new Tus(token);
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        QuarkusTransaction.requiringNew().run(() -> stored.list("account", owner.value()).forEach(row -> {
            row.state = row.state.equals("PUBLISHED") ? "COMPLETE" : row.state;
            row.expiresAt = clock.instant().minus(Duration.ofDays(1));
        }));
        uploads.sweep();
        assertThat(filesOfUploads()).isEmpty();
        assertThat(blobs.has(digest(content))).isFalse();
    }

    @Test
    void aFileArrivesInPiecesAndBecomesABlob() throws IOException {
        String upload = tus.create("model.gguf", content.length, "sha256 " + digest(content)).then().statusCode(201)
                .header("Tus-Resumable", "1.0.0").header("Upload-Offset", "0").extract().header("Location");
        tus.append(upload, 0, Arrays.copyOf(content, 40_000)).then().statusCode(204).header("Upload-Offset", "40000");
        assertThat(tus.offset(upload)).isEqualTo(40_000);
        tus.state(upload).then().body("state", equalTo("RECEIVING")).body("received", equalTo(40_000));

        tus.append(upload, 40_000, Arrays.copyOfRange(content, 40_000, content.length)).then().statusCode(204);

        tus.state(upload).then().body("state", equalTo("COMPLETE")).body("sha256", equalTo(digest(content).hex()))
                .body("fileName", equalTo("model.gguf"));
        assertThat(blobs.path(digest(content))).hasBinaryContent(content);
        assertThat(filesOfUploads()).isEmpty();
        assertThat(tus.offset(upload)).isEqualTo(content.length);
        assertThat(uploads.complete(owner, id(upload)).digest()).isEqualTo(digest(content));
    }

    @Test
    void whatArrivedBeforeAConnectionBrokeIsKept() throws Exception {
        String upload = tus.created("model.gguf", content.length);
        try (Socket socket = new Socket("127.0.0.1", RestAssured.port)) {
            OutputStream out = socket.getOutputStream();
            out.write(("PATCH " + upload + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token
                    + "\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: " + Tus.BYTES + "\r\nContent-Length: "
                    + content.length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            out.write(content, 0, 70_000);
            out.flush();
            await(() -> tus.offset(upload) == 70_000);
            tus.append(upload, 70_000, new byte[1]).then().statusCode(423).header("Retry-After", "1")
                    .body("detail", containsString("Another request is sending this upload"));
        }
        byte[] rest = Arrays.copyOfRange(content, 70_000, content.length);
        await(() -> tus.append(upload, 70_000, rest).statusCode() == 204);

        assertThat(uploads.complete(owner, id(upload)).digest()).isEqualTo(digest(content));
    }

    @Test
    void afterARestartTheHashGoesOnFromTheDisk() throws IOException {
        String upload = tus.created("model.gguf", content.length);
        tus.append(upload, 0, Arrays.copyOf(content, 70_000)).then().statusCode(204);
        try (var folder = restarted().open(id(upload))) {
            assertThat(folder.offset()).isEqualTo(70_000);
            assertThat(folder.digest()).isEqualTo(digest(Arrays.copyOf(content, 70_000)));
            // Another process writes it.
            tus.append(upload, 70_000, new byte[1]).then().statusCode(423);
        }
    }

    @Test
    void aServerThatEndedWithTheLastByteFinishesWhenAsked() throws IOException {
        String upload = tus.created("model.gguf", content.length);
        try (var writing = restarted().open(id(upload))) {
            writing.append(new java.io.ByteArrayInputStream(content), content.length, null);
        }

        assertThat(uploads.complete(owner, id(upload)).digest()).isEqualTo(digest(content));
    }

    @Test
    void aPieceLargerThanAnyOtherBodyIsTaken() throws IOException {
        byte[] large = bytes(11 << 20);
        String upload = tus.created("model.gguf", large.length);
        tus.append(upload, 0, large).then().statusCode(204);
        assertThat(uploads.complete(owner, id(upload)).digest()).isEqualTo(digest(large));

        given().header("Authorization", "Bearer " + token).body(large).post("/api/uploads/../keys").then().statusCode(413);
        uploads.discard(owner, id(upload));
        assertThat(blobs.has(digest(large))).isFalse();
    }

    @Test
    void aClientWithoutPatchNamesItInAHeader() {
        String upload = tus.created("model.gguf", content.length);
        tus.appending(0, content).header("X-HTTP-Method-Override", "PATCH").post(upload).then().statusCode(204);
        tus.state(upload).then().body("state", equalTo("COMPLETE"));
        tus.request().header("X-HTTP-Method-Override", "PUT").post(upload).then().statusCode(405);
    }

    @Test
    void theFirstBytesMayComeWithTheCreation() {
        tus.request().header("Upload-Length", content.length).contentType(Tus.BYTES).body(content).post("/api/uploads").then()
                .statusCode(201).header("Upload-Offset", Integer.toString(content.length));
    }

    @Test
    void whatTheServerTakesIsTold() {
        given().options("/api/uploads").then().statusCode(204).header("Tus-Version", "1.0.0")
                .header("Tus-Extension", "creation,creation-with-upload,termination,checksum,expiration")
                .header("Tus-Max-Size", "2147483648").header("Tus-Checksum-Algorithm", "sha256,sha1");
    }

    @Test
    void aPieceWithAWrongChecksumIsDropped() throws Exception {
        String upload = tus.created("model.gguf", content.length);
        byte[] first = Arrays.copyOf(content, 50_000);
        tus.append(upload, 0, first).then().statusCode(204);
        byte[] rest = Arrays.copyOfRange(content, 50_000, content.length);
        String right = "sha1 " + Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-1").digest(rest));
        byte[] damaged = rest.clone();
        damaged[7] ^= 1;

        tus.appending(50_000, damaged).header("Upload-Checksum", right).patch(upload).then().statusCode(460)
                .body("detail",
                        containsString("do not have the sha1 that was sent with them and were dropped; send them again"));
        assertThat(tus.offset(upload)).isEqualTo(50_000);
        tus.appending(50_000, rest).header("Upload-Checksum", "md5 AAAA").patch(upload).then().statusCode(400);
        tus.appending(50_000, rest).header("Upload-Checksum", right).patch(upload).then().statusCode(204);
        assertThat(uploads.complete(owner, id(upload)).digest()).isEqualTo(digest(content));
    }

    @Test
    void bytesOfAPieceThatWasNotProvenWhenTheServerEndedDoNotCount() throws IOException {
        String upload = tus.created("model.gguf", content.length);
        tus.append(upload, 0, Arrays.copyOf(content, 100)).then().statusCode(204);
        Path file = data.resolve("uploads").resolve(id(upload).toString());
        Files.writeString(file.resolveSibling(id(upload) + ".chunk"), "60");
        assertThat(tus.offset(upload)).isEqualTo(60);
        tus.append(upload, 60, Arrays.copyOfRange(content, 60, content.length)).then().statusCode(204);
        assertThat(uploads.complete(owner, id(upload)).digest()).isEqualTo(digest(content));
    }

    @Test
    void aFileThatIsNotTheAnnouncedOneIsRefusedAndDeleted() throws IOException {
        String announced = "0".repeat(64);
        String upload = tus.create("model.gguf", content.length, "sha256 " + announced).header("Location");
        tus.append(upload, 0, content).then().statusCode(460).body("code", equalTo("wrong_checksum")).body("detail",
                equalTo("The file 'model.gguf' arrived with SHA-256 " + digest(content) + ", but " + announced
                        + " was announced, so it changed on the way or is another file; its bytes are deleted, send it again."));

        tus.state(upload).then().body("state", equalTo("REFUSED")).body("refusal", containsString("was announced"));
        tus.request().head(upload).then().statusCode(410);
        assertThatThrownBy(() -> uploads.complete(owner, id(upload))).isInstanceOf(UploadRefused.Refused.class);
        assertThat(blobs.has(digest(content))).isFalse();
        assertThat(filesOfUploads()).isEmpty();
    }

    @Test
    void wrongRequestsAreToldWhatIsWrong() {
        String upload = tus.created("model.gguf", 10);
        tus.append(upload, 3, new byte[1]).then().statusCode(409)
                .body("detail", containsString("The next byte of this upload is number 0, and 3 was sent"));
        tus.append(upload, 0, new byte[11]).then().statusCode(413)
                .body("detail", containsString("More bytes were sent than the 10 that were announced"));
        assertThat(tus.offset(upload)).isZero();
        tus.request().header("Upload-Offset", 0).contentType("application/octet-stream").body(new byte[1]).patch(upload).then()
                .statusCode(415);
        tus.request().contentType(Tus.BYTES).body(new byte[1]).patch(upload).then().statusCode(400)
                .body("param", equalTo("Upload-Offset"));
        given().header("Authorization", "Bearer " + token).head(upload).then().statusCode(412).header("Tus-Version", "1.0.0");
        given().header("Tus-Resumable", "1.0.0").head(upload).then().statusCode(401);
        tus.request().post("/api/uploads").then().statusCode(400).body("detail", containsString("Upload-Length is missing"));
        tus.request().header("Upload-Defer-Length", 1).post("/api/uploads").then().statusCode(400);
        tus.request().header("Upload-Length", 5).header("Upload-Metadata", "filename ###").post("/api/uploads").then()
                .statusCode(400).body("detail", containsString("not base64"));
        tus.create("model.gguf", 10, "sha256 abc").then().statusCode(400).body("detail", containsString("has a checksum"));
        tus.create("model.gguf", 0, "").then().statusCode(422).body("detail", containsString("has zero bytes"));
        tus.create("model.gguf", 3L << 30, "").then().statusCode(413)
                .body("detail", equalTo("The file has 3,221,225,472 bytes; the largest that is taken here has 2,147,483,648."));
    }

    @ParameterizedTest
    @ValueSource(strings = { "../../etc/passwd", "/etc/passwd", "..\\model.gguf", "..", " ", "model\0.gguf", "model\n.gguf",
            "model\u202efugg.exe", "model\u200b.gguf" })
    void aFileNameThatIsNoPlainNameIsRefused(String name) {
        tus.create(name, 10, "").then().statusCode(422).body("code", equalTo("wrong_file_name")).body("detail",
                containsString("The file name "));
    }

    @Test
    void aFileNameMayBeForeignButNotEndless() {
        tus.created("модель – 模型 (2).gguf", 10);
        tus.create("m".repeat(256), 10, "").then().statusCode(422).body("detail", containsString("has more than 255 bytes"));
    }

    @Test
    void anAccountMayHaveSoManyBytesAndSoManyUploads() {
        String large = tus.created("model.gguf", 2_000_000_000);
        tus.create("other.gguf", 200_000_000, "").then().statusCode(413).body("detail",
                containsString("The file has 200,000,000 bytes and your other uploads 2,000,000,000, which is more than"));
        tus.request().delete(large).then().statusCode(204);
        for (int i = 0; i < 16; i++) {
            tus.created("model.gguf", 10);
        }
        tus.create("model.gguf", 10, "").then().statusCode(429).body("detail", containsString("You have 16 uploads under way"));
    }

    @Test
    void anUploadIsItsOwnersAlone() {
        String upload = tus.created("model.gguf", 10);
        AccountId other = accounts.of(SigningKey.generate(new SecureRandom()).address());
        Tus stranger = new Tus(tokens.create(other, "test", EnumSet.allOf(Scope.class), null).secret());
        stranger.request().head(upload).then().statusCode(404);
        stranger.state(upload).then().statusCode(404);
        stranger.append(upload, 0, new byte[1]).then().statusCode(404);
        stranger.request().delete(upload).then().statusCode(404);
        stranger.state("/api/uploads/" + UUID.randomUUID()).then().statusCode(404);
        stranger.state("/api/uploads/..%2f..").then().statusCode(404);
        new Tus(tokens.create(owner, "reads", EnumSet.of(Scope.READ), null).secret()).append(upload, 0, new byte[1]).then()
                .statusCode(403);
        assertThat(tus.offset(upload)).isZero();
    }

    @Test
    void whatIsDeletedOrWaitedTooLongIsGone() throws IOException {
        String deleted = tus.created("model.gguf", 10);
        tus.request().delete(deleted).then().statusCode(204);
        String expired = tus.created("model.gguf", content.length);
        tus.append(expired, 0, content).then().statusCode(204);
        String receiving = tus.created("model.gguf", 10);
        QuarkusTransaction.requiringNew().run(() -> Stream.of(expired, receiving)
                .forEach(upload -> stored.findById(id(upload).value()).expiresAt = clock.instant().minusSeconds(1)));
        for (String gone : new String[] { deleted, expired, receiving }) {
            tus.request().head(gone).then().statusCode(410);
            tus.append(gone, 0, new byte[1]).then().statusCode(410);
        }
        assertThat(blobs.has(digest(content))).isTrue();
        uploads.sweep();
        assertThat(blobs.has(digest(content))).isFalse();
        assertThat(filesOfUploads()).isEmpty();
    }

    @Test
    void bytesThatSomebodyElseNeedsStay() throws IOException {
        String first = tus.created("a.gguf", content.length);
        tus.append(first, 0, content).then().statusCode(204);
        String second = tus.created("b.gguf", content.length);
        tus.append(second, 0, content).then().statusCode(204);
        uploads.discard(owner, id(first));
        assertThat(blobs.has(digest(content))).isTrue();
        uploads.keep(owner, id(second));
        uploads.keep(owner, id(second));
        uploads.discard(owner, id(second));
        uploads.refuse(owner, id(second), "No.");
        assertThat(uploads.get(owner, id(second)).state()).isEqualTo(Upload.State.PUBLISHED);
        assertThat(blobs.has(digest(content))).isTrue();

        // What the store had from elsewhere is not an upload's to delete.
        byte[] seed = bytes(1000);
        blobs.put(new java.io.ByteArrayInputStream(seed));
        String third = tus.created("c.gguf", seed.length);
        tus.append(third, 0, seed).then().statusCode(204);
        uploads.refuse(owner, id(third), "It is no model.");
        tus.state(third).then().body("refusal", equalTo("It is no model."));
        assertThat(blobs.has(digest(seed))).isTrue();
        blobs.delete(digest(seed));
    }

    private UploadFolder restarted() throws IOException {
        return new UploadFolder(data.resolve("uploads"));
    }

    private Stream<Path> filesOfUploads() throws IOException {
        Path place = data.resolve("uploads").resolve("place");
        try (Stream<Path> files = Files.list(data.resolve("uploads"))) {
            return files.filter(file -> !file.equals(place)).toList().stream();
        }
    }

    private byte[] bytes(int size) {
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        return bytes;
    }

    private static UploadId id(String upload) {
        return UploadId.parse(upload.substring(upload.lastIndexOf('/') + 1));
    }

    private static Digest digest(byte[] content) {
        try {
            return Digest.of(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition) throws InterruptedException {
        boolean holds = condition.holds();
        for (int i = 0; i < 2_000 && !holds; i++) {
            Thread.sleep(30);
            holds = condition.holds();
        }
        assertThat(holds).isTrue();
    }
}
