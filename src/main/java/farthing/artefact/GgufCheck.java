package farthing.artefact;

import static farthing.artefact.GgufFile.shown;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

import farthing.artefact.GgufFile.Tensor;
import farthing.artefact.GgufFile.Value;

/** Whether what a GGUF file says of its model fits together and is what the engine runs. */
final class GgufCheck {

    private static final int LONGEST_TEMPLATE = 64 << 10;
    private static final int MOST_BLOCKS = 512;
    private static final long MOST_CONTEXT = 1 << 24;
    private static final long MOST_WIDTH = 1 << 17;

    /** Those of the pinned llama.cpp that continue text. */
    private static final Set<String> ARCHITECTURES = Set.of("llama", "llama4", "deci", "falcon", "falcon-h1", "grok", "gpt2",
            "gptneox",
            "mpt", "baichuan", "starcoder", "starcoder2", "refact", "bloom", "stablelm", "qwen", "qwen2", "qwen2moe", "qwen3",
            "qwen3moe", "qwen3next", "phi2", "phi3", "phimoe", "plamo", "plamo2", "codeshell", "orion", "internlm2", "minicpm",
            "minicpm3", "gemma", "gemma2", "gemma3", "gemma3n", "gemma4", "mamba", "mamba2", "jamba", "xverse", "command-r",
            "cohere2", "dbrx", "olmo", "olmo2", "olmoe", "openelm", "arctic", "deepseek", "deepseek2", "chatglm", "glm4",
            "glm4moe",
            "bitnet", "jais", "nemotron", "nemotron_h", "exaone", "exaone4", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7",
            "granite",
            "granitemoe", "granitehybrid", "plm", "bailingmoe", "bailingmoe2", "dots1", "arcee", "afmoe", "ernie4_5",
            "ernie4_5-moe", "hunyuan-moe", "hunyuan-dense", "smollm3", "gpt-oss", "lfm2", "lfm2moe", "smallthinker", "seed_oss",
            "grovemoe", "apertus", "minimax-m2", "pangu-embedded", "mistral3");
    private static final Set<String> WITHOUT_HEADS = Set.of("mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7");
    private static final Set<String> EMBEDDERS = Set.of("bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert",
            "jina-bert-v2",
            "jina-bert-v3", "eurobert", "gemma-embedding", "llama-embed", "t5encoder");

    /** Weights of one type: so many in a block of so many bytes. */
    private record Packing(String name, int block, int bytes) {
    }

    private static final Map<Integer, Packing> TYPES = Map.ofEntries(type(0, "fp32", 1, 4), type(1, "fp16", 1, 2),
            type(2, "Q4_0", 32, 18), type(3, "Q4_1", 32, 20), type(6, "Q5_0", 32, 22), type(7, "Q5_1", 32, 24),
            type(8, "Q8_0", 32, 34), type(10, "Q2_K", 256, 84), type(11, "Q3_K", 256, 110), type(12, "Q4_K", 256, 144),
            type(13, "Q5_K", 256, 176), type(14, "Q6_K", 256, 210), type(16, "IQ2_XXS", 256, 66), type(17, "IQ2_XS", 256, 74),
            type(18, "IQ3_XXS", 256, 98), type(19, "IQ1_S", 256, 50), type(20, "IQ4_NL", 32, 18), type(21, "IQ3_S", 256, 110),
            type(22, "IQ2_S", 256, 82), type(23, "IQ4_XS", 256, 136), type(26, "int32", 1, 4), type(29, "IQ1_M", 256, 56),
            type(30, "bf16", 1, 2), type(34, "TQ1_0", 256, 54), type(35, "TQ2_0", 256, 66), type(39, "MXFP4", 32, 17));

    /** What llama.cpp looks for in a template to know which of its own it is. */
    private static final List<String> KNOWN_TEMPLATES = List.of("<|im_start|>", "[INST]", "<|start_header_id|>",
            "<start_of_turn>",
            "<|user|>", "<|end_of_role|>", "<|START_OF_TURN_TOKEN|>", "<｜User｜>", "<|start|>", "[gMASK]", "### Instruction:",
            "USER: ",
            "[|system|]", "<|header_start|>", "<|im_middle|>", "GPT4 Correct ");

    private static Map.Entry<Integer, Packing> type(int number, String name, int block, int bytes) {
        return Map.entry(number, new Packing(name, block, bytes));
    }

    private final GgufFile file;
    private String architecture = "";
    private long width;

    GgufCheck(GgufFile file) {
        this.file = file;
    }

    ArtefactFacts check(Consumer<Rule> passed) {
        passed.accept(Rule.STRUCTURE);
        boolean knownTemplate = template();
        passed.accept(Rule.TEMPLATE);
        architecture();
        long context = required("context_length", 1, MOST_CONTEXT);
        layers();
        passed.accept(Rule.ARCHITECTURE);
        weights();
        passed.accept(Rule.WEIGHTS);
        vocabulary();
        passed.accept(Rule.VOCABULARY);
        long parameters = file.tensors().stream().mapToLong(Tensor::elements).sum();
        return new ArtefactFacts(Format.GGUF, quantisation(), parameters, (int) context, (int) width, architecture,
                Set.of("completion", "chat"), knownTemplate, text("general.license"));
    }

    private boolean template() {
        String template = null;
        for (var entry : file.values().entrySet()) {
            if (entry.getKey().startsWith("tokenizer.chat_template") && entry.getValue().type() == GgufFile.STRING) {
                if (entry.getValue().text().length() > LONGEST_TEMPLATE) {
                    throw new WrongArtefact(Rule.TEMPLATE,
                            "The chat template has %,d characters, and %,d are the most; shorten it."
                                    .formatted(entry.getValue().text().length(), LONGEST_TEMPLATE));
                }
                template = entry.getKey().equals("tokenizer.chat_template") ? entry.getValue().text() : template;
            } else if (entry.getKey().equals("tokenizer.chat_template")) {
                throw new WrongArtefact(Rule.TEMPLATE, "The chat template is no text; export the model anew.");
            }
        }
        String found = template;
        return found != null && KNOWN_TEMPLATES.stream().anyMatch(found::contains);
    }

    private void architecture() {
        String named = text("general.architecture");
        if (named == null) {
            throw wrong("The file does not name its architecture (general.architecture); export the model anew.");
        }
        if (EMBEDDERS.contains(named)) {
            throw wrong("The architecture '" + named
                    + "' embeds texts and continues none, and GGUF models here continue text; publish"
                    + " its ONNX export.");
        }
        if (!ARCHITECTURES.contains(named)) {
            throw wrong("The architecture '" + shown(named) + "' is not one that the engine here runs.");
        }
        Value parts = file.values().get("split.count");
        if (parts != null && parts.number() > 1) {
            throw wrong("The file is one of " + parts.number() + " parts of a model; join them with llama-gguf-split --merge.");
        }
        architecture = named;
    }

    private void layers() {
        width = required("embedding_length", 1, MOST_WIDTH);
        long blocks = required("block_count", 1, MOST_BLOCKS);
        if (!WITHOUT_HEADS.contains(architecture)) {
            long[] heads = heads("attention.head_count", blocks);
            if (heads.length == 0) {
                throw wrong("The file does not say how many attention heads the model has (" + architecture
                        + ".attention.head_count); export the model anew.");
            }
            long[] shared = heads("attention.head_count_kv", blocks);
            boolean free = file.values().containsKey(architecture + ".attention.key_length");
            for (int i = 0; i < heads.length; i++) {
                if (!free && heads[i] > 0 && width % heads[i] != 0) {
                    throw wrong("The width of %,d cannot be divided among %,d attention heads.".formatted(width, heads[i]));
                }
                long kv = shared.length == 0 ? heads[i] : shared[Math.min(i, shared.length - 1)];
                if (kv > 0 && heads[i] % kv != 0) {
                    throw wrong("%,d attention heads cannot share %,d keys and values evenly.".formatted(heads[i], kv));
                }
            }
        }
        Value rope = file.values().get(architecture + ".rope.dimension_count");
        if (rope != null && (!rope.isInteger() || rope.number() < 0 || rope.number() > width || rope.number() % 2 != 0)) {
            throw wrong("The number of rotated dimensions (" + architecture + ".rope.dimension_count) is impossible.");
        }
        Value forward = file.values().get(architecture + ".feed_forward_length");
        if (forward != null && forward.type() != GgufFile.ARRAY
                && (!forward.isInteger() || forward.number() < 0 || forward.number() > MOST_WIDTH * 16)) {
            throw wrong("The width of the feed-forward layers (" + architecture + ".feed_forward_length) is impossible.");
        }
        long seen = file.tensors().stream().map(Tensor::name).filter(name -> name.startsWith("blk."))
                .map(name -> name.substring(4).split("\\.", 2)[0]).distinct().filter(number -> {
                    if (!number.matches("[0-9]{1,3}") || Integer.parseInt(number) >= blocks) {
                        throw wrong("The file has a layer '%s' and says that there are %d; export the model anew."
                                .formatted(shown(number), blocks));
                    }
                    return true;
                }).count();
        if (seen != blocks) {
            throw wrong("The file has weights for %d layers and says that there are %d; export the model anew.".formatted(seen,
                    blocks));
        }
    }

    /** One number for all layers, or one for each; empty when the file has none. */
    private long[] heads(String key, long blocks) {
        Value value = file.values().get(architecture + "." + key);
        if (value == null) {
            return new long[0];
        }
        boolean each = value.type() == GgufFile.ARRAY;
        long[] numbers = each ? value.numbers() : new long[] { value.number() };
        if (each ? numbers.length != blocks : !value.isInteger() || value.number() == 0) {
            throw wrong("The number of attention heads (" + architecture + "." + key
                    + ") must be one above 0, or one for each layer.");
        }
        for (long n : numbers) {
            if (n < 0 || n > 65_536) {
                throw wrong("The number of attention heads (" + architecture + "." + key + ") is impossible.");
            }
        }
        return numbers;
    }

    private void weights() {
        long alignment = 32;
        Value stated = file.values().get("general.alignment");
        if (stated != null) {
            alignment = stated.number();
            if (stated.type() != GgufFile.U32 || alignment < 8 || alignment > 1 << 20 || Long.bitCount(alignment) != 1) {
                throw weights(
                        "The alignment of its weights is " + alignment + ", which is no power of two from 8 to 1,048,576.");
            }
        }
        long begin = (file.end() + alignment - 1) / alignment * alignment;
        long data = file.size() - begin;
        record Extent(Tensor tensor, long bytes) {
        }
        List<Extent> extents = new ArrayList<>();
        for (Tensor tensor : file.tensors()) {
            Packing packing = TYPES.get(tensor.type());
            String name = shown(tensor.name());
            if (packing == null) {
                throw weights("The weights '%s' have the type %s, which is unknown or not for weights.".formatted(name,
                        Integer.toUnsignedString(tensor.type())));
            }
            if (tensor.shape()[0] % packing.block() != 0) {
                throw weights(
                        "The weights '%s' have rows of %,d numbers, which %s packs by %d.".formatted(name, tensor.shape()[0],
                                packing.name(), packing.block()));
            }
            // The header's reader keeps the number of elements below 2^57, so that this is exact unless it is far too much.
            long blocks = tensor.elements() / packing.block();
            if (blocks > data / packing.bytes()) {
                throw weights("The weights '%s' need more bytes than the file has; it was cut off.".formatted(name));
            }
            long bytes = blocks * packing.bytes();
            if (tensor.offset() < 0 || tensor.offset() % alignment != 0 || tensor.offset() > data - bytes) {
                throw weights("The weights '%s' do not lie whole in the file; it was cut off or is damaged.".formatted(name));
            }
            extents.add(new Extent(tensor, bytes));
        }
        extents.sort(Comparator.comparingLong(extent -> extent.tensor().offset()));
        long end = 0;
        for (Extent extent : extents) {
            if (extent.tensor().offset() < end) {
                throw weights("The weights '%s' lie over others in the file.".formatted(shown(extent.tensor().name())));
            }
            end = extent.tensor().offset() + extent.bytes();
        }
    }

    private void vocabulary() {
        Value tokens = file.values().get("tokenizer.ggml.tokens");
        if (tokens == null || tokens.elements() != GgufFile.STRING || tokens.count() == 0) {
            throw vocabulary("The file has no vocabulary (tokenizer.ggml.tokens); export the model anew with its tokenizer.");
        }
        long pieces = tokens.count();
        if (text("tokenizer.ggml.model") == null) {
            throw vocabulary(
                    "The file does not say which kind of tokenizer it has (tokenizer.ggml.model); export the model anew.");
        }
        Tensor embedding = file.tensors().stream().filter(tensor -> tensor.name().equals("token_embd.weight")).findFirst()
                .orElseThrow(() -> vocabulary("The file has no token embeddings (token_embd.weight); export the model anew."));
        long rows = embedding.shape().length == 2 ? embedding.shape()[1] : 0;
        if (rows != pieces) {
            throw vocabulary("The vocabulary has %,d pieces and the embeddings %,d rows, so the tokenizer is not the model's."
                    .formatted(pieces, rows));
        }
        if (embedding.shape()[0] != width) {
            throw vocabulary(
                    "The embeddings have %,d numbers each and the model says %,d.".formatted(embedding.shape()[0], width));
        }
        for (String list : List.of("scores", "token_type")) {
            Value value = file.values().get("tokenizer.ggml." + list);
            int element = list.equals("scores") ? 6 : 5;
            if (value != null && (value.elements() != element && value.elements() != GgufFile.U32 || value.count() != pieces)) {
                throw vocabulary("The list tokenizer.ggml.%s does not have one number for each of the %,d pieces."
                        .formatted(list, pieces));
            }
        }
        Value merges = file.values().get("tokenizer.ggml.merges");
        if (merges != null && merges.elements() != GgufFile.STRING) {
            throw vocabulary("The list tokenizer.ggml.merges holds no texts.");
        }
        file.values().forEach((key, value) -> {
            if (key.startsWith("tokenizer.ggml.") && key.endsWith("_token_id")
                    && (!value.isInteger() || value.number() < 0 || value.number() >= pieces)) {
                // An id of all ones says that there is none.
                if (!(value.type() == GgufFile.U32 && value.number() == 0xffffffffL)) {
                    throw vocabulary(
                            "The special token %s is number %,d of %,d pieces.".formatted(shown(key), value.number(), pieces));
                }
            }
        });
    }

    private String quantisation() {
        Map<Integer, Long> bytes = new HashMap<>();
        file.tensors().stream().filter(tensor -> tensor.shape().length > 1)
                .forEach(tensor -> bytes.merge(tensor.type(), tensor.elements(), Long::sum));
        int most = bytes.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey).orElse(0);
        Packing packing = TYPES.get(most);
        return packing == null ? "unknown" : packing.name();
    }

    private long required(String key, long least, long most) {
        Value value = file.values().get(architecture + "." + key);
        if (value == null || !value.isInteger() || value.number() < least || value.number() > most) {
            throw wrong("%s.%s is %s; it must be a whole number from %,d to %,d.".formatted(architecture, key,
                    value == null || !value.isInteger() ? "missing" : Long.toString(value.number()), least, most));
        }
        return value.number();
    }

    private @Nullable String text(String key) {
        Value value = file.values().get(key);
        return value == null || value.type() != GgufFile.STRING ? null : value.text();
    }

    private static WrongArtefact wrong(String sentence) {
        return new WrongArtefact(Rule.ARCHITECTURE, sentence);
    }

    private static WrongArtefact weights(String sentence) {
        return new WrongArtefact(Rule.WEIGHTS, sentence);
    }

    private static WrongArtefact vocabulary(String sentence) {
        return new WrongArtefact(Rule.VOCABULARY, sentence);
    }
}
