package farthing.artefact;

import static farthing.artefact.OnnxBytes.embedding;
import static farthing.artefact.OnnxBytes.model;
import static farthing.artefact.OnnxBytes.node;
import static farthing.artefact.OnnxBytes.port;
import static farthing.artefact.OnnxBytes.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArtefactCheckTest {

    static final Path SEED = Path.of("target/seed");
    static final Path KJV = SEED.resolve("kjv/kjv-q8_0.gguf");
    static final Path INT8 = SEED.resolve("minilm-int8/all-minilm-l6-v2-q.onnx");
    static final Path INT8_TOKENIZER = SEED.resolve("minilm-int8/all-minilm-l6-v2-q-tokenizer.json");
    static final Path LANGDETECT = SEED.resolve("langdetect/langdetect-183.bin");
    static final String TINY_TOKENIZER = "{\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": 0, \"b\": 1, \"c\": 2, \"d\": 3}}}";

    @TempDir
    Path folder = Path.of("");

    private final ArtefactCheck check = new ArtefactCheck();

    @Test
    void realModelsKeepEveryRuleInOrder() {
        ArtefactFacts kjv = accepted("completion", Map.of(Role.MODEL, KJV));
        assertThat(kjv).isEqualTo(new ArtefactFacts(Format.GGUF, "Q8_0", 1_752_800L, 192, 160, "llama", kjv.tasks(), false,
                "public-domain corpus"));
        ArtefactFacts fp32 = accepted("embedding",
                Map.of(Role.MODEL, SEED.resolve("minilm/all-minilm-l6-v2.onnx"), Role.TOKENIZER,
                        SEED.resolve("minilm/all-minilm-l6-v2-tokenizer.json")));
        assertThat(List.of(fp32.quantisation(), fp32.context(), fp32.embedding())).isEqualTo(List.of("fp32", 512, 384));
        ArtefactFacts int8 = accepted("embedding", Map.of(Role.MODEL, INT8, Role.TOKENIZER, INT8_TOKENIZER));
        assertThat(int8.quantisation()).isEqualTo("int8");
        accepted("embedding", Map.of(Role.MODEL, SEED.resolve("bge-small/bge-small-en-v1.5-q.onnx"), Role.TOKENIZER,
                SEED.resolve("bge-small/bge-small-en-v1.5-q-tokenizer.json")));
        assertThat(accepted("language-identification", Map.of(Role.MODEL, LANGDETECT)).format()).isEqualTo(Format.OPENNLP);
    }

    private ArtefactFacts accepted(String task, Map<Role, Path> files) {
        List<Rule> passed = new ArrayList<>();
        ArtefactFacts facts = check.check(files, task, passed::add);
        assertThat(passed).isEqualTo(check.rules(facts.format()));
        return facts;
    }

    @Test
    void whatIsNoModelIsNamed() throws IOException {
        refused(Rule.SIZE, "The model file has zero bytes; choose the right file.", new byte[0]);
        refused(Rule.FORMAT, "The model file is text and no model; choose the GGUF or ONNX file.", "Hello, world\n".getBytes(
                StandardCharsets.UTF_8));
        refused(Rule.FORMAT, "The model file is a web page; a download may have needed a login.",
                "\n<!DOCTYPE html><title>Sign in"
                        .getBytes(StandardCharsets.UTF_8));
        refused(Rule.FORMAT,
                "The model file is a pointer of Git LFS and not the file it stands for; fetch it with git lfs pull.",
                "version https://git-lfs.github.com/spec/v1\noid sha256:00\n".getBytes(StandardCharsets.UTF_8));
        refused(Rule.FORMAT,
                "The model file is a Python pickle, which runs code when it is loaded; export the model as GGUF or ONNX.",
                HexFormat.of().parseHex("80025d71002e"));
        refused(Rule.FORMAT, "The model file is a zip archive; unpack it and send the model inside.",
                zip("model.gguf", new byte[10]));
        refused(Rule.FORMAT,
                "The model file is a checkpoint of PyTorch, a pickle that runs code when it is loaded; export the model as"
                        + " GGUF or ONNX.",
                zip("archive/data.pkl", new byte[10]));
        ByteArrayOutputStream gzip = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(gzip)) {
            out.write(1);
        }
        refused(Rule.FORMAT, "The model file is an archive; unpack it and send the model inside.", gzip.toByteArray());
        byte[] random = new byte[4096];
        new Random(1).nextBytes(random);
        random[0] = (byte) 0xff;
        refused(Rule.FORMAT,
                "The model file is neither a GGUF nor an ONNX file nor a model of OpenNLP; export the model as GGUF or ONNX.",
                random);
        refused(Rule.ENTRIES, "The archive holds '../evil.sh', which no model of OpenNLP holds; leave it out.",
                zip("manifest.properties", "Component-Name=LanguageDetectorME".getBytes(StandardCharsets.UTF_8), "../evil.sh",
                        new byte[1]));
        refused(Rule.ENTRIES, "'report.txt' in the archive unpacks to more than 1,048,576 bytes.", zip("manifest.properties",
                "Component-Name=LanguageDetectorME".getBytes(StandardCharsets.UTF_8), "report.txt", new byte[2 << 20]));
    }

    @Test
    void aGgufThatDoesNotFitTogetherIsRefused() throws IOException {
        byte[] kjv = Files.readAllBytes(KJV);
        refused(Rule.WEIGHTS, "The weights 'blk.4.ffn_down.weight' do not lie whole in the file; it was cut off or is damaged.",
                Arrays.copyOf(kjv, kjv.length - 1000));
        refused(Rule.STRUCTURE,
                "The model is not a whole GGUF file: it announces more than the file holds; send the file again or"
                        + " export it anew.",
                put(kjv, 8, Long.MAX_VALUE));
        refused(Rule.ARCHITECTURE, "The architecture 'clamp' is not one that the engine here runs.",
                replaced(kjv, "llama\u000c",
                        "clamp\u000c"));
        refused(Rule.ARCHITECTURE, "llama.block_count is 100000; it must be a whole number from 1 to 512.", number(kjv,
                "llama.block_count", 100_000));
        refused(Rule.ARCHITECTURE, "The file has weights for 5 layers and says that there are 6; export the model anew.",
                number(kjv,
                        "llama.block_count", 6));
        refused(Rule.ARCHITECTURE, "The width of 160 cannot be divided among 7 attention heads.", number(kjv,
                "llama.attention.head_count", 7));
        refused(Rule.ARCHITECTURE, "5 attention heads cannot share 3 keys and values evenly.", number(kjv,
                "llama.attention.head_count_kv", 3));
        refused(Rule.ARCHITECTURE,
                "The number of attention heads (llama.attention.head_count) must be one above 0, or one for each"
                        + " layer.",
                number(kjv, "llama.attention.head_count", 0));
        refused(Rule.VOCABULARY, "The special token tokenizer.ggml.eos_token_id is number 1,024 of 1,024 pieces.", number(kjv,
                "tokenizer.ggml.eos_token_id", 1024));
        int shape = find(kjv, "token_embd.weight") + "token_embd.weight".length() + 4;
        refused(Rule.VOCABULARY,
                "The vocabulary has 1,024 pieces and the embeddings 1,000 rows, so the tokenizer is not the model's.",
                put(kjv, shape + 8, 1000));
        refused(Rule.WEIGHTS, "The weights 'token_embd.weight' have the type 77, which is unknown or not for weights.", put(kjv,
                shape + 16, 77));
        refused(Rule.WEIGHTS, "The weights 'output_norm.weight' lie over others in the file.", put(kjv,
                find(kjv, "output_norm.weight") + "output_norm.weight".length() + 16, 32));
        refused(Rule.STRUCTURE,
                "The model is not a whole GGUF file: the tensor 'token_embd.weight' has an impossible shape; send the file"
                        + " again or export it anew.",
                put(kjv, shape, Long.MAX_VALUE));
    }

    @Test
    void anOnnxThatDoesMoreThanComputeIsRefused() throws IOException {
        Path tokenizer = Files.writeString(folder.resolve("tokenizer.json"), TINY_TOKENIZER);
        assertThat(check.check(Map.of(Role.MODEL, file(model(embedding(4))), Role.TOKENIZER, tokenizer), rule -> {
        }).parameters()).isEqualTo(8);

        refused(Rule.EXTERNAL_DATA,
                "The model reads weights from another file (external data), which is not read here; export it as"
                        + " one file.",
                model(embedding(4).message(5, new OnnxBytes().number(1, 4).number(2, 1).text(8, "outside").message(13,
                        new OnnxBytes().text(1, "location").text(2, "../../etc/passwd")).number(14, 1))));
        refused(Rule.OPERATORS,
                "The model uses the operator 'Loop', and loops and branches are not run here; export it without them.",
                model(embedding(4).message(1, node("Loop", "x", "input_ids"))));
        refused(Rule.OPERATORS,
                "The model uses the operator 'Mine' of 'org.example', which is not run here; export it with others.",
                model(embedding(4).message(1, node("Mine", "x", "input_ids").text(7, "org.example"))));
        refused(Rule.WEIGHTS, "The weights 'short' have 7 bytes, and their shape needs 16.", model(embedding(4).message(5,
                weights("short", 1, 7, 2, 2))));
        refused(Rule.WEIGHTS, "The weights 'huge' have an impossible shape.", model(embedding(4).message(5,
                weights("huge", 1, 7, Long.MAX_VALUE, 2))));
        refused(Rule.MEMORY,
                "The operator 'ConstantOfShape' (output 'filled') fills memory whose size is not bounded by the length of"
                        + " the text; export the model without it.",
                model(embedding(4).message(5,
                        new OnnxBytes().number(1, 1).number(2, 7).number(7, 14L << 30).text(8, "shape")).message(1,
                                node("ConstantOfShape", "filled", "shape"))));
        refused(Rule.MEMORY,
                "The operator 'ConstantOfShape' (output 'filled') fills memory whose size is not bounded by the length of"
                        + " the text; export the model without it.",
                model(embedding(4).message(1, node("ConstantOfShape", "filled",
                        "input_ids"))));
        refused(Rule.INPUTS, "The model wants an input named 'pixel_values', and a text gives input_ids, attention_mask and"
                + " token_type_ids only.", model(embedding(4).message(11, port("pixel_values", 1, 4))));
        refused(Rule.TOKENIZER, "An ONNX model needs its tokenizer.json (Hugging Face) beside it, and none came; add it.",
                model(
                        embedding(4)));
    }

    @Test
    void sizesThatFollowTheTextMayBeFilled() throws IOException {
        Path tokenizer = Files.writeString(folder.resolve("tokenizer.json"), TINY_TOKENIZER);
        byte[] filling = model(embedding(4).message(1, node("Shape", "shape", "input_ids")).message(1,
                node("ConstantOfShape", "ones", "shape")));
        assertThat(check.check(Map.of(Role.MODEL, file(filling), Role.TOKENIZER, tokenizer), rule -> {
        }).format()).isEqualTo(Format.ONNX);
    }

    @Test
    void aTokenizerOfAnotherModelIsRefused() throws IOException {
        refusedTokenizer(INT8, TINY_TOKENIZER,
                "The tokenizer has 4 pieces and the model embeddings for 30,522, so it is another model's"
                        + " tokenizer; send the one the model was exported with.");
        Path tiny = file(model(embedding(3)));
        refusedTokenizer(tiny, TINY_TOKENIZER,
                "The tokenizer has pieces up to number 3 and the model embeddings for 3, so it is another"
                        + " model's tokenizer; send the one the model was exported with.");
        refusedTokenizer(tiny, "{\"model\": {\"vocab\": {\"a\": 0",
                "The tokenizer is no whole JSON (it goes wrong at line 1, column 28); send the tokenizer.json of the model.");
        refusedTokenizer(tiny, "{\"version\": 1}",
                "The tokenizer has no vocabulary (model.vocab); send the tokenizer.json of the model.");
        refusedTokenizer(tiny, "[".repeat(5000), "The tokenizer is no JSON object; send the tokenizer.json of the model.");
        assertThatThrownBy(() -> check.check(Map.of(Role.MODEL, KJV, Role.TOKENIZER, INT8_TOKENIZER), "completion", rule -> {
        })).isInstanceOf(WrongArtefact.class).hasMessage(
                "A GGUF file has its tokenizer inside, and a tokenizer came with it; publish it without one.");
    }

    private void refusedTokenizer(Path model, String tokenizer, String sentence) throws IOException {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), tokenizer);
        assertThatThrownBy(() -> check.check(Map.of(Role.MODEL, model, Role.TOKENIZER, file), "embedding", rule -> {
        })).isInstanceOf(WrongArtefact.class).hasMessage(sentence);
    }

    @Test
    void aTaskThatTheModelCannotDoIsRefused() {
        assertThatThrownBy(() -> check.check(Map.of(Role.MODEL, INT8, Role.TOKENIZER, INT8_TOKENIZER), "completion", rule -> {
        })).isInstanceOf(WrongArtefact.class)
                .hasMessage("An ONNX model here cannot do the task 'completion'; it can do 'embedding'.");
        assertThatThrownBy(() -> check.check(Map.of(Role.MODEL, KJV), "language-identification", rule -> {
        })).isInstanceOf(WrongArtefact.class).hasMessage(
                "A GGUF model that continues text cannot do the task 'language-identification'; it can do 'chat' or 'completion'.");
    }

    @Test
    void noCutAndNoFlippedByteGetsPastAsAnythingButASentence() throws IOException {
        mutated(Map.of(Role.MODEL, KJV), Role.MODEL, 150, 60_000);
        mutated(Map.of(Role.MODEL, INT8, Role.TOKENIZER, INT8_TOKENIZER), Role.MODEL, 12, 200_000);
        mutated(Map.of(Role.MODEL, file(model(embedding(4))), Role.TOKENIZER,
                Files.writeString(folder.resolve("tiny.json"), TINY_TOKENIZER)), Role.MODEL, 600, 1000);
        mutated(Map.of(Role.MODEL, folder.resolve("upload"), Role.TOKENIZER, folder.resolve("tiny.json")), Role.TOKENIZER, 300,
                1000);
        mutated(Map.of(Role.MODEL, LANGDETECT), Role.MODEL, 2, 2000);
    }

    /** Each mutated file either keeps the rules or breaks one of them; no other exception. */
    private void mutated(Map<Role, Path> files, Role which, int times, int head) throws IOException {
        Path original = Objects.requireNonNull(files.get(which));
        Path copy = Files.copy(original, Files.createTempFile(folder, "mutated", ""),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        var changed = new java.util.EnumMap<>(files);
        changed.put(which, copy);
        Random random = new Random(42);
        try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            int reach = (int) Math.min(head, channel.size());
            for (int i = 0; i < times; i++) {
                int at = random.nextInt(reach);
                int length = Math.min(1 + random.nextInt(4), reach - at);
                ByteBuffer before = ByteBuffer.allocate(length);
                channel.read(before, at);
                byte[] after = before.array().clone();
                for (int b = 0; b < length; b++) {
                    after[b] = (byte) (random.nextBoolean() ? random.nextInt() : random.nextBoolean() ? 0xff : 0);
                }
                channel.write(ByteBuffer.wrap(after), at);
                survives(changed, which + " " + original + " changed at " + at + " to " + HexFormat.of().formatHex(after));
                channel.write(before.flip(), at);
            }
            for (long size = channel.size(); size > 0; size = size / 3) {
                channel.truncate(size - 1);
                survives(changed, original + " cut to " + (size - 1));
            }
        }
    }

    private void survives(Map<Role, Path> files, String what) {
        try {
            check.check(files, passed -> {
            });
        } catch (WrongArtefact expected) {
            assertThat(expected.detail()).as(what).endsWith(".").doesNotContain("null");
        } catch (RuntimeException e) {
            throw new AssertionError(what, e);
        }
    }

    private void refused(Rule rule, String sentence, byte[] model) throws IOException {
        Path file = file(model);
        assertThatThrownBy(() -> check.check(Map.of(Role.MODEL, file), "completion", passed -> {
        })).isInstanceOfSatisfying(WrongArtefact.class, wrong -> {
            assertThat(wrong.detail()).isEqualTo(sentence);
            assertThat(wrong.rule()).isEqualTo(rule);
            assertThat(wrong.status()).isEqualTo(422);
        });
    }

    private Path file(byte[] content) throws IOException {
        return Files.write(folder.resolve("upload"), content);
    }

    private static byte[] zip(Object... entries) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(out)) {
            for (int i = 0; i < entries.length; i += 2) {
                zip.putNextEntry(new ZipEntry((String) entries[i]));
                zip.write((byte[]) entries[i + 1]);
            }
        }
        return out.toByteArray();
    }

    private static int find(byte[] file, String text) {
        int at = new String(file, 0, Math.min(file.length, 100_000), StandardCharsets.ISO_8859_1).indexOf(text);
        assertThat(at).isPositive();
        return at;
    }

    private static byte[] replaced(byte[] file, String from, String to) {
        byte[] changed = file.clone();
        byte[] bytes = to.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(bytes, 0, changed, find(file, from), bytes.length);
        return changed;
    }

    /** Another 32-bit number behind a key. */
    private static byte[] number(byte[] file, String key, int value) {
        byte[] changed = file.clone();
        ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(find(file, key + "\u0004") + key.length() + 4, value);
        return changed;
    }

    private static byte[] put(byte[] file, int at, long value) {
        byte[] changed = file.clone();
        ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putLong(at, value);
        return changed;
    }
}
