package farthing.engine;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import farthing.TestChain;
import farthing.artefact.ArtefactFiles;
import farthing.artefact.Artefacts;
import farthing.artefact.Format;
import farthing.artefact.Role;
import farthing.blob.Digest;
import farthing.blob.FileBlobs;

/** Real models in a store of their own, for tests. */
final class Models {

    static final Path SEED = Path.of("target/seed");

    final FileBlobs blobs;
    final Artefacts artefacts;

    private final Map<Map<Role, Path>, ArtefactFiles> added = new ConcurrentHashMap<>();

    Models(Path folder) {
        blobs = new FileBlobs(folder);
        artefacts = new Artefacts(blobs);
    }

    static EngineSettings settings() {
        return EngineSettings.defaults(EngineSettings.installedNatives(), TestChain.DATA.resolve("engine-cache"));
    }

    Engines engines(EngineSettings settings, Clock clock) throws IOException {
        return new Engines(artefacts, settings, clock);
    }

    Engines engines(EngineSettings settings, HostAddress host) throws IOException {
        return new Engines(artefacts, settings, Clock.systemUTC(), host, null);
    }

    /** Once: 90 MB are not hashed in no time. */
    private ArtefactFiles add(Format format, Map<Role, Path> files) throws IOException {
        ArtefactFiles known = added.get(files);
        if (known == null) {
            known = artefacts.add(format, files);
            added.put(files, known);
        }
        return known;
    }

    Loadable kjv() throws IOException {
        return kjv(PromptTemplate.PLAIN);
    }

    Loadable kjv(PromptTemplate template) throws IOException {
        ArtefactFiles files = add(Format.GGUF, Map.of(Role.MODEL, SEED.resolve("kjv/kjv-q8_0.gguf")));
        return new Loadable("kjv-" + template, EngineKind.GGUF, Task.COMPLETION, files, template, 192, Pooling.MEAN, false);
    }

    Loadable minilm() throws IOException {
        return embedding("minilm", "minilm/all-minilm-l6-v2", 256, Pooling.MEAN);
    }

    Loadable minilmInt8() throws IOException {
        return embedding("minilm-int8", "minilm-int8/all-minilm-l6-v2-q", 256, Pooling.MEAN);
    }

    Loadable bgeSmall() throws IOException {
        return embedding("bge-small", "bge-small/bge-small-en-v1.5-q", 512, Pooling.CLS);
    }

    private Loadable embedding(String id, String name, int context, Pooling pooling) throws IOException {
        ArtefactFiles files = add(Format.ONNX,
                Map.of(Role.MODEL, SEED.resolve(name + ".onnx"), Role.TOKENIZER, SEED.resolve(name + "-tokenizer.json")));
        return new Loadable(id, EngineKind.ONNX, Task.EMBEDDING, files, PromptTemplate.NONE, context, pooling, true);
    }

    Loadable langdetect() throws IOException {
        ArtefactFiles files = add(Format.OPENNLP, Map.of(Role.MODEL, SEED.resolve("langdetect/langdetect-183.bin")));
        return new Loadable("langdetect", EngineKind.OPENNLP, Task.LANGUAGE_IDENTIFICATION, files, PromptTemplate.NONE, 10_000,
                Pooling.MEAN, false);
    }

    /** A file with the right header that the engine cannot load, under its true digest. */
    Loadable broken(Format format, byte[] content) throws IOException {
        Digest model = blobs.put(new ByteArrayInputStream(content));
        Digest tokenizer = blobs.put(Files.newInputStream(SEED.resolve("minilm/all-minilm-l6-v2-tokenizer.json")));
        EngineKind engine = format == Format.GGUF ? EngineKind.GGUF : EngineKind.ONNX;
        return new Loadable("broken-" + format, engine, Task.COMPLETION,
                new ArtefactFiles(format, Map.of(Role.MODEL, model, Role.TOKENIZER, tokenizer)), PromptTemplate.NONE, 192,
                Pooling.MEAN, false);
    }

    static byte[] bytes(String seed) throws IOException {
        return Files.readAllBytes(SEED.resolve(seed));
    }
}
