package farthing.blob;

import static farthing.blob.FileBlobsTest.ABC;
import static farthing.blob.FileBlobsTest.abc;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Properties;

import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStore;
import org.jclouds.blobstore.BlobStoreContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import farthing.Ports;

/** Against a server that speaks S3 and checks signatures. */
class S3BlobsTest {

    private static final String KEY = "here/ba/" + ABC.hex();

    private static BlobStore store;
    private static S3Proxy server;
    private static Properties before;

    @TempDir
    Path folder = Path.of("");

    @BeforeAll
    static void start() throws Exception {
        store = ContextBuilder.newBuilder("transient").build(BlobStoreContext.class).getBlobStore();
        server = S3Proxy.builder().blobStore(store).endpoint(URI.create("http://127.0.0.1:0"))
                .awsAuthentication(AuthenticationType.AWS_V4, "tester", "secret").build();
        server.start();
        before = (Properties) System.getProperties().clone();
    }

    @BeforeEach
    void anEmptyBucket() {
        System.setProperty("aws.accessKeyId", "tester");
        System.setProperty("aws.secretAccessKey", "secret");
        store.deleteContainer("models");
        store.createContainerInLocation(null, "models");
    }

    @AfterAll
    static void stop() throws Exception {
        System.setProperties(before);
        server.stop();
        store.getContext().close();
    }

    private Blobs server(String name) {
        return at("models", server.getPort(), name);
    }

    private Blobs at(String bucket, int port, String name) {
        return BlobsAddress.of("s3://" + bucket + "/here/?region=us-east-1&endpoint=http://127.0.0.1:" + port)
                .open(folder.resolve(name));
    }

    @Test
    void whatOneServerStoresAnotherFinds() throws IOException {
        Blobs one = server("one");
        assertThat(one.has(ABC)).isFalse();
        assertThat(one.put(abc())).isEqualTo(ABC);
        assertThat(one.put(abc())).isEqualTo(ABC);
        assertThat(store.blobExists("models", KEY)).isTrue();

        Blobs two = server("two");
        assertThat(two.has(ABC)).isTrue();
        try (InputStream in = two.open(ABC)) {
            assertThat(in.readAllBytes()).asString().isEqualTo("abc");
        }
    }

    @Test
    void aFileIsDownloadedOnce() throws IOException {
        server("one").put(abc());
        Blobs two = server("two");
        Path copy = two.path(ABC);
        store.removeBlob("models", KEY);

        assertThat(two.path(ABC)).isEqualTo(copy).hasContent("abc");
        assertThat(two.has(ABC)).isFalse();
    }

    @Test
    void whatWasNeverStoredIsNotThere() {
        assertThat(server("one").path(ABC)).doesNotExist();
        assertThatThrownBy(() -> server("one").open(ABC)).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void aDamagedObjectIsNeverHandedOut() {
        store.putBlob("models", store.blobBuilder(KEY).payload("abd").build());

        assertThatThrownBy(() -> server("one").path(ABC)).isInstanceOf(BlobStoreFailed.class)
                .hasMessageContaining("The object " + KEY + " of bucket 'models' is damaged");
        assertThat(folder.resolve("one/ba/" + ABC)).doesNotExist();
    }

    @Test
    void aMissingBucketIsNamed() {
        Blobs blobs = at("nowhere", server.getPort(), "one");

        assertThatThrownBy(() -> blobs.put(abc())).hasMessageStartingWith("The bucket 'nowhere' does not exist");
        assertThatThrownBy(() -> at("nowhere", server.getPort(), "two").path(ABC))
                .hasMessageStartingWith("The bucket 'nowhere' does not exist");
    }

    @Test
    void wrongCredentialsAreNamed() {
        System.setProperty("aws.secretAccessKey", "wrong");

        assertThatThrownBy(() -> server("one").put(abc())).isInstanceOf(BlobStoreFailed.class)
                .hasMessageStartingWith("The bucket 'models' does not let this server in");
    }

    @Test
    void aServerThatDoesNotAnswerIsNamed() {
        try (var nobody = Ports.refusing()) {
            assertThatThrownBy(() -> at("models", nobody.port(), "one").path(ABC))
                    .hasMessageStartingWith("The bucket 'models' cannot be asked");
        }
    }

    @Test
    void aFolderIsAnAddressToo() throws IOException {
        BlobsAddress.of(folder.resolve("shared").toUri().toString()).open(folder.resolve("cache")).put(abc());

        assertThat(Files.isRegularFile(folder.resolve("shared/ba/" + ABC))).isTrue();
    }
}
