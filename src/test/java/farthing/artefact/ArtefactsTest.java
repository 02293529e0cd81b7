package farthing.artefact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import farthing.blob.FileBlobs;

class ArtefactsTest {

    static final Path KJV = Path.of("target/seed/kjv/kjv-q8_0.gguf");
    static final Path MINILM = Path.of("target/seed/minilm-int8/all-minilm-l6-v2-q.onnx");
    static final Path LANGDETECT = Path.of("target/seed/langdetect/langdetect-183.bin");

    @TempDir
    Path folder = Path.of("");
    FileBlobs blobs = new FileBlobs(folder);
    Artefacts artefacts = new Artefacts(blobs);

    @BeforeEach
    void start() {
        blobs = new FileBlobs(folder.resolve("blobs"));
        artefacts = new Artefacts(blobs);
    }

    @Test
    void goodFilesAreTakenInAndHandedOut() throws IOException {
        for (var model : Map.of(Format.GGUF, Map.of(Role.MODEL, KJV), Format.ONNX,
                Map.of(Role.MODEL, MINILM, Role.TOKENIZER, ArtefactCheckTest.INT8_TOKENIZER), Format.OPENNLP,
                Map.of(Role.MODEL, LANGDETECT)).entrySet()) {
            ArtefactFiles files = artefacts.add(model.getKey(), model.getValue());

            model.getValue()
                    .forEach((role, file) -> assertThat(artefacts.verified(files).get(role)).hasSameBinaryContentAs(file));
        }
    }

    @Test
    void aFileThatChangedOnDiskIsNamedWithBothDigests() throws IOException {
        ArtefactFiles files = artefacts.add(Format.GGUF, Map.of(Role.MODEL, KJV));
        Path file = blobs.path(files.model());
        assertThat(artefacts.verified(files)).containsEntry(Role.MODEL, file);
        byte[] bytes = Files.readAllBytes(KJV);
        bytes[bytes.length - 1] ^= 1;
        Files.delete(file);
        Files.write(file, bytes);

        assertThatThrownBy(() -> artefacts.verified(files)).isInstanceOf(DamagedArtefact.class)
                .hasMessageContaining("model file should have SHA-256 " + files.model())
                .hasMessageContaining("but has " + farthing.blob.Digest.of(file));
    }

    @Test
    void aMissingFileIsNamed() throws IOException {
        ArtefactFiles files = artefacts.add(Format.GGUF, Map.of(Role.MODEL, KJV));
        Files.delete(blobs.path(files.model()));

        assertThatThrownBy(() -> artefacts.verified(files)).isInstanceOf(DamagedArtefact.class)
                .hasMessageContaining("is not in the store");
    }

    @Test
    void filesThatAreNotWholeAreNotTakenIn() throws IOException {
        byte[] gguf = Files.readAllBytes(KJV);
        byte[] onnx = Files.readAllBytes(MINILM);

        refused(Format.GGUF, new byte[0]);
        refused(Format.GGUF, onnx);
        refused(Format.GGUF, Arrays.copyOf(gguf, 5000));
        refused(Format.GGUF, Arrays.copyOf(gguf, 60_000));
        refused(Format.ONNX, new byte[0]);
        refused(Format.ONNX, gguf);
        refused(Format.ONNX, Arrays.copyOf(onnx, onnx.length - 1000));
        refused(Format.OPENNLP, gguf);
    }

    private void refused(Format format, byte[] content) throws IOException {
        Path file = Files.write(folder.resolve("upload"), content);
        assertThatThrownBy(() -> artefacts.add(format, Map.of(Role.MODEL, file))).isInstanceOf(WrongArtefact.class);
        assertThat(folder.resolve("blobs")).doesNotExist();
    }

    @Test
    void lengthsThatAFileStatesAreNotBelieved() throws IOException {
        byte[] gguf = Files.readAllBytes(KJV);
        // The number of tensors, the number of key-value pairs, and the length of the first key.
        for (int at : new int[] { 8, 16, 24 }) {
            byte[] lying = gguf.clone();
            Arrays.fill(lying, at, at + 7, (byte) 0xff);
            refused(Format.GGUF, lying);
            lying[at + 7] = (byte) 0xff;
            refused(Format.GGUF, lying);
        }
    }
}
