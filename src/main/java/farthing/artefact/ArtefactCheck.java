package farthing.artefact;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

import jakarta.inject.Singleton;

import org.jspecify.annotations.Nullable;

/**
 * Looks through a model's files in pure Java, rule by rule, before native code reads them. It believes nothing that a file says
 * of
 * itself, and needs little memory whatever the file says.
 */
@Singleton
public class ArtefactCheck {

    static final long LARGEST = 16L << 30;
    private static final int LARGEST_DESCRIPTOR = 8192;

    public ArtefactCheck() {
    }

    /** What is checked of a model of this format, in this order. */
    public List<Rule> rules(Format format) {
        return switch (format) {
            case GGUF -> List.of(Rule.SIZE, Rule.FORMAT, Rule.STRUCTURE, Rule.TEMPLATE, Rule.ARCHITECTURE, Rule.WEIGHTS,
                    Rule.VOCABULARY, Rule.TASK);
            case ONNX -> List.of(Rule.SIZE, Rule.FORMAT, Rule.STRUCTURE, Rule.EXTERNAL_DATA, Rule.OPERATORS, Rule.WEIGHTS,
                    Rule.MEMORY, Rule.INPUTS, Rule.TOKENIZER, Rule.TASK);
            case OPENNLP -> List.of(Rule.SIZE, Rule.FORMAT, Rule.ENTRIES, Rule.TASK);
            case REMOTE -> List.of(Rule.SIZE, Rule.FORMAT);
        };
    }

    /**
     * @param files the model and, for ONNX, its tokenizer
     * @param task wire name of what it is to do
     * @param passed told each rule of {@link #rules} once the files keep it
     * @throws WrongArtefact at the first rule that they break
     */
    public ArtefactFacts check(Map<Role, Path> files, String task, Consumer<Rule> passed) {
        ArtefactFacts facts = check(files, passed);
        if (!facts.tasks().contains(task)) {
            throw new WrongArtefact(Rule.TASK, "%s cannot do the task '%s'; it can do %s.".formatted(
                    switch (facts.format()) {
                        case GGUF -> "A GGUF model that continues text";
                        case ONNX -> "An ONNX model here";
                        case OPENNLP -> "This model of OpenNLP";
                        case REMOTE -> "This endpoint";
                    }, task.length() > 40 ? task.substring(0, 40) + "…" : task,
                    String.join(" or ", facts.tasks().stream().sorted().map(can -> "'" + can + "'").toList())));
        }
        passed.accept(Rule.TASK);
        return facts;
    }

    /** All rules but {@link Rule#TASK}. */
    ArtefactFacts check(Map<Role, Path> files, Consumer<Rule> passed) {
        Path model = files.get(Role.MODEL);
        if (model == null) {
            throw new IllegalArgumentException("An artefact needs a model file");
        }
        Path tokenizer = files.get(Role.TOKENIZER);
        try {
            size("model", model, LARGEST);
            if (tokenizer != null) {
                size("tokenizer", tokenizer, TokenizerFile.LARGEST);
            }
            passed.accept(Rule.SIZE);
            Format format = formatOf(model);
            passed.accept(Rule.FORMAT);
            return switch (format) {
                case GGUF -> gguf(model, tokenizer, passed);
                case ONNX -> onnx(model, tokenizer, passed);
                case OPENNLP -> OpenNlpFile.check(model, passed);
                case REMOTE -> new ArtefactFacts(Format.REMOTE, "remote", null, null, null, null,
                        Set.of("chat", "completion", "embedding"), false, null);
            };
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ArtefactFacts gguf(Path model, @Nullable Path tokenizer, Consumer<Rule> passed) throws IOException {
        if (tokenizer != null) {
            throw new WrongArtefact(Rule.FORMAT,
                    "A GGUF file has its tokenizer inside, and a tokenizer came with it; publish it without one.");
        }
        try (FileChannel channel = FileChannel.open(model)) {
            return new GgufCheck(new GgufFile(channel)).check(passed);
        }
    }

    private static ArtefactFacts onnx(Path model, @Nullable Path tokenizer, Consumer<Rule> passed) throws IOException {
        try (FileChannel channel = FileChannel.open(model); Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            OnnxCheck check = new OnnxCheck(bytes);
            ArtefactFacts facts = check.check(passed);
            if (tokenizer == null) {
                throw new WrongArtefact(Rule.TOKENIZER,
                        "An ONNX model needs its tokenizer.json (Hugging Face) beside it, and none came; add it.");
            }
            TokenizerFile.check(tokenizer, check.embeddingRows());
            passed.accept(Rule.TOKENIZER);
            return facts;
        }
    }

    private static void size(String what, Path file, long largest) throws IOException {
        long size = Files.size(file);
        if (size == 0) {
            throw new WrongArtefact(Rule.SIZE, "The " + what + " file has zero bytes; choose the right file.");
        }
        if (size > largest) {
            throw new WrongArtefact(Rule.SIZE, "The %s file has %,d bytes; one of %,d is the largest that is taken."
                    .formatted(what, size, largest));
        }
    }

    /** @throws WrongArtefact saying what the file is instead of a model */
    public static Format formatOf(Path model) throws IOException {
        byte[] head;
        try (var in = Files.newInputStream(model)) {
            head = in.readNBytes(1024);
        }
        String text = new String(head, ISO_8859_1);
        if (text.startsWith("GGUF")) {
            return Format.GGUF;
        }
        if (text.startsWith("PK\003\004")) {
            return OpenNlpFile.looksLikeOne(model);
        }
        if (text.startsWith("{") && head.length <= LARGEST_DESCRIPTOR && Files.size(model) <= LARGEST_DESCRIPTOR
                && text.contains("\"url\"")) {
            return Format.REMOTE;
        }
        String other = other(head, text);
        if (other != null) {
            throw new WrongArtefact(Rule.FORMAT, "The model file is " + other + ".");
        }
        // A ModelProto has no mark; the numbers of its few fields are the best there is.
        if (head.length > 1 && (head[0] & 7) <= 2 && Set.of(1, 2, 3, 4, 5, 6, 7, 8, 14).contains(head[0] >>> 3)) {
            return Format.ONNX;
        }
        throw notAModel("neither a GGUF nor an ONNX file nor a model of OpenNLP");
    }

    static WrongArtefact notAModel(String what) {
        return new WrongArtefact(Rule.FORMAT, "The model file is " + what + "; export the model as GGUF or ONNX.");
    }

    private static @Nullable String other(byte[] head, String text) {
        String start = text.stripLeading().toLowerCase(Locale.ROOT);
        if (head.length > 2 && (head[0] & 0xff) == 0x80 && head[1] >= 2 && head[1] <= 5) {
            return "a Python pickle, which runs code when it is loaded; export the model as GGUF or ONNX";
        }
        if (text.startsWith("version https://git-lfs")) {
            return "a pointer of Git LFS and not the file it stands for; fetch it with git lfs pull";
        }
        if (text.startsWith("\037\213") || text.startsWith("BZh") || text.startsWith("7z\274\257")
                || text.startsWith("\3757zXZ")
                || text.startsWith("(\265/\375") || text.startsWith("Rar!") || text.startsWith("PK")
                || text.startsWith("ustar", 257)) {
            return "an archive; unpack it and send the model inside";
        }
        if (head.length > 9 && head[8] == '{' && head[7] == 0 && head[6] == 0) {
            return "a safetensors file, which has weights but no way to run them; export the model as GGUF or ONNX";
        }
        if (text.startsWith("\211HDF")) {
            return "an HDF5 file; export the model as ONNX";
        }
        if (start.startsWith("<!doctype") || start.startsWith("<html") || start.startsWith("<?xml")
                || start.startsWith("<head")) {
            return "a web page; a download may have needed a login";
        }
        if (text.startsWith("\177ELF") || text.startsWith("MZ") || text.startsWith("#!")) {
            return "a program and no model";
        }
        if (!text.isEmpty() && text.chars().allMatch(c -> c >= ' ' && c != 127 || c == '\n' || c == '\r' || c == '\t')) {
            return "text and no model; choose the GGUF or ONNX file";
        }
        return null;
    }
}
