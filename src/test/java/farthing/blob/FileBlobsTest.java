package farthing.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileBlobsTest {

    static final Digest ABC = new Digest("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

    @TempDir
    Path folder = Path.of("");

    static InputStream abc() {
        return new ByteArrayInputStream("abc".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    @Test
    void contentIsFoundUnderItsSha256() throws IOException {
        Blobs blobs = new FileBlobs(folder);

        assertThat(blobs.has(ABC)).isFalse();
        assertThat(blobs.put(abc())).isEqualTo(ABC);
        assertThat(blobs.put(abc())).isEqualTo(ABC);
        assertThat(blobs.has(ABC)).isTrue();
        try (InputStream in = blobs.open(ABC)) {
            assertThat(in.readAllBytes()).asString().isEqualTo("abc");
        }
        assertThat(Digest.of(blobs.path(ABC))).isEqualTo(ABC);
        assertThat(Files.getPosixFilePermissions(blobs.path(ABC))).hasSize(3).noneMatch(p -> p.name().contains("WRITE"));
    }

    @Test
    void aBrokenUploadLeavesNothing() throws IOException {
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("the line is dead");
            }
        };

        assertThatThrownBy(() -> new FileBlobs(folder).put(broken)).hasMessage("the line is dead");
        try (var files = Files.walk(folder)) {
            assertThat(files.filter(Files::isRegularFile)).isEmpty();
        }
    }

    @Test
    void whatWasNeverStoredIsNotThere() {
        assertThatThrownBy(() -> new FileBlobs(folder).open(ABC)).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void onlyLowerCaseHexIsADigest() {
        assertThatThrownBy(() -> new Digest("../../etc/passwd")).isInstanceOf(IllegalArgumentException.class);
    }
}
