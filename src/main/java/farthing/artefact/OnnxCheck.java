package farthing.artefact;

import static farthing.artefact.GgufFile.shown;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

/** Goes through an ONNX model once, weights where they lie, and keeps its graph in a few small records. */
final class OnnxCheck {

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int LONGEST_NAME = 1024;
    private static final int LONGEST_TEXT = 1 << 20;
    private static final int MOST_NODES = 200_000;
    private static final int MOST_WEIGHTS = 200_000;
    private static final int MOST_DIMENSIONS = 8;
    /** Elements of a tensor whose values are looked at: shapes and the like. */
    private static final int SMALL = 64;
    private static final int FLOAT = 1;
    private static final int INT64 = 7;

    private static final Set<String> OPERATORS = Set
            .of(("Abs Add And ArgMax ArgMin Attention BatchNormalization BitShift Cast CastLike"
                    + " Ceil Clip Concat Constant ConstantOfShape Conv Cos CumSum DequantizeLinear Div Dropout DynamicQuantizeLinear Einsum Elu"
                    + " Equal Erf Exp Expand Flatten Floor Gather GatherElements GatherND Gelu Gemm GlobalAveragePool Greater GreaterOrEqual"
                    + " HardSigmoid HardSwish Identity IsInf IsNaN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization"
                    + " MatMul MatMulInteger Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow QLinearMatMul QuantizeLinear Range Reciprocal"
                    + " ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu"
                    + " Reshape RMSNormalization RotaryEmbedding Round ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Size Slice Softmax"
                    + " Softplus Softsign Split Sqrt Squeeze Sub Sum Swish Tan Tanh Tile TopK Transpose Trilu Unsqueeze Where Xor")
                    .split(" "));
    private static final Set<String> MICROSOFT = Set.of(("Attention BiasGelu DequantizeLinear DynamicQuantizeMatMul"
            + " EmbedLayerNormalization FastGelu FusedMatMul Gelu GroupQueryAttention MatMulIntegerToFloat MatMulNBits"
            + " MultiHeadAttention QAttention QEmbedLayerNormalization QLinearAdd QLinearMul QLinearSoftmax QuantizeLinear QuickGelu"
            + " RotaryEmbedding SimplifiedLayerNormalization SkipLayerNormalization SkipSimplifiedLayerNormalization")
            .split(" "));
    private static final Set<String> FILLERS = Set.of("ConstantOfShape", "Expand", "Tile", "Range");
    private static final Set<String> TEXT = Set.of("input_ids", "attention_mask", "token_type_ids");
    /** A size of the text, where sizes are multiplied: what is counted is how often, since the worker bounds the rest. */
    private static final long OF_TEXT = 16;
    private static final long MOST_FILLED = 1L << 30;
    private static final int DEEPEST = 200;

    /** @param values of a small one of integers */
    private record Weights(String name, int type, long[] dims, long elements, long @Nullable [] values) {
    }

    private record Node(String operator, List<String> inputs, List<String> outputs, @Nullable Weights value) {

        String input(int i) {
            return i < inputs.size() ? inputs.get(i) : "";
        }
    }

    /** @param dims -1 where open, null when not told */
    private record Port(String name, int type, long @Nullable [] dims) {
    }

    private final MemorySegment file;
    private final Protobuf.Budget budget = new Protobuf.Budget();
    private final Map<String, Weights> weights = new HashMap<>();
    private final Map<String, Node> makers = new HashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private final List<Port> inputs = new ArrayList<>();
    private final List<Port> outputs = new ArrayList<>();
    private final Map<Integer, Long> elementsOfType = new HashMap<>();
    private long parameters;
    private long memory;
    private boolean fourBits;
    private @Nullable String licence;
    // Each rule has its turn, but the file is gone through once: what was found on the way is told in the rules' order.
    private final Map<Rule, String> found = new HashMap<>();

    OnnxCheck(MemorySegment file) {
        this.file = file;
    }

    ArtefactFacts check(Consumer<Rule> passed) {
        if (file.byteSize() > Integer.MAX_VALUE) {
            throw new WrongArtefact(Rule.SIZE,
                    "The ONNX file has %,d bytes, and its format ends at 2 GiB.".formatted(file.byteSize()));
        }
        model();
        passed.accept(Rule.STRUCTURE);
        for (Rule rule : List.of(Rule.EXTERNAL_DATA, Rule.OPERATORS, Rule.WEIGHTS)) {
            String sentence = found.get(rule);
            if (sentence != null) {
                throw new WrongArtefact(rule, sentence);
            }
            passed.accept(rule);
        }
        memory();
        passed.accept(Rule.MEMORY);
        Integer width = ports();
        passed.accept(Rule.INPUTS);
        return new ArtefactFacts(Format.ONNX, quantisation(), parameters, context(), width, null, Set.of("embedding"), false,
                licence);
    }

    private void wrong(Rule rule, String sentence) {
        found.putIfAbsent(rule, sentence);
    }

    private void model() {
        boolean graph = false;
        boolean version = false;
        Protobuf model = new Protobuf(file, budget);
        while (model.next()) {
            switch (model.field()) {
                case 1 -> version = model.number() > 0;
                case 7 -> {
                    if (graph) {
                        throw Protobuf.broken("it has two graphs");
                    }
                    graph = true;
                    graph(model.message());
                }
                case 8 -> operatorSet(model.message());
                case 14 -> metadata(model.message());
                case 20 -> wrong(Rule.OPERATORS, "The model brings instructions for training; export it for inference only.");
                case 25 ->
                    wrong(Rule.OPERATORS, "The model defines operators of its own; export it with them written out (inlined).");
                default -> {
                }
            }
        }
        if (!version || !graph) {
            throw Protobuf.broken("it has no graph");
        }
    }

    private void operatorSet(Protobuf set) {
        String domain = "";
        long version = 0;
        while (set.next()) {
            switch (set.field()) {
                case 1 -> domain = set.text(LONGEST_NAME);
                case 2 -> version = set.number();
                default -> {
                }
            }
        }
        if ((domain.isEmpty() || domain.equals("ai.onnx")) && (version < 7 || version > 25)) {
            wrong(Rule.OPERATORS, "The model is written for version " + version
                    + " of ONNX' operators, and 7 to 25 are run here; export it for one of those.");
        }
    }

    private void metadata(Protobuf entry) {
        String key = "";
        String value = "";
        while (entry.next()) {
            switch (entry.field()) {
                case 1 -> key = entry.text(LONGEST_TEXT);
                case 2 -> value = entry.text(LONGEST_TEXT);
                default -> {
                }
            }
        }
        if (key.equalsIgnoreCase("license") || key.equalsIgnoreCase("licence")) {
            licence = shown(value);
        }
    }

    private void graph(Protobuf graph) {
        while (graph.next()) {
            switch (graph.field()) {
                case 1 -> node(graph.message());
                case 5 -> {
                    Weights initial = tensor(graph.message());
                    if (weights.size() >= MOST_WEIGHTS) {
                        throw Protobuf.broken("it has more than %,d weights".formatted(MOST_WEIGHTS));
                    }
                    if (weights.putIfAbsent(initial.name(), initial) != null) {
                        throw Protobuf.broken("the weights '" + shown(initial.name()) + "' are there twice");
                    }
                    parameters += initial.elements();
                    elementsOfType.merge(initial.type(), initial.elements(), Long::sum);
                }
                case 11 -> inputs.add(port(graph.message()));
                case 12 -> outputs.add(port(graph.message()));
                case 15 ->
                    wrong(Rule.WEIGHTS, "The model has sparse weights, which the engine here does not run; export them dense.");
                default -> {
                }
            }
        }
    }

    private void node(Protobuf message) {
        List<String> from = new ArrayList<>();
        List<String> to = new ArrayList<>();
        String operator = "";
        String domain = "";
        Weights value = null;
        while (message.next()) {
            switch (message.field()) {
                case 1 -> from.add(message.text(LONGEST_NAME));
                case 2 -> to.add(message.text(LONGEST_NAME));
                case 4 -> operator = message.text(LONGEST_NAME);
                case 5 -> {
                    Weights attribute = attribute(message.message());
                    value = attribute == null ? value : attribute;
                }
                case 7 -> domain = message.text(LONGEST_NAME);
                default -> {
                }
            }
        }
        boolean known = domain.isEmpty() || domain.equals("ai.onnx") ? OPERATORS.contains(operator)
                : domain.equals("com.microsoft") && MICROSOFT.contains(operator);
        if (Set.of("Loop", "Scan", "If", "SequenceMap").contains(operator)) {
            wrong(Rule.OPERATORS, "The model uses the operator '" + operator
                    + "', and loops and branches are not run here; export it without them.");
        } else if (!known) {
            wrong(Rule.OPERATORS, "The model uses the operator '" + shown(operator) + "'"
                    + (domain.isEmpty() ? "" : " of '" + shown(domain) + "'")
                    + ", which is not run here; export it with others.");
        }
        fourBits |= operator.equals("MatMulNBits");
        Node node = new Node(operator, List.copyOf(from), List.copyOf(to), value);
        nodes.add(node);
        if (nodes.size() > MOST_NODES) {
            throw Protobuf.broken("it has more than %,d nodes".formatted(MOST_NODES));
        }
        to.stream().filter(name -> !name.isEmpty()).forEach(name -> makers.put(name, node));
    }

    /** The tensor or small integers of an attribute that has some. */
    private @Nullable Weights attribute(Protobuf message) {
        Weights tensor = null;
        List<Long> numbers = new ArrayList<>();
        String name = "";
        while (message.next()) {
            switch (message.field()) {
                case 1 -> name = message.text(LONGEST_NAME);
                case 3 -> numbers.add(message.number());
                case 4 -> message.text(LONGEST_TEXT);
                case 5 -> tensor = tensor(message.message());
                case 8 -> integers(message, numbers);
                case 6, 11 -> wrong(Rule.OPERATORS,
                        "The model has a graph within its graph, as loops and branches have, and those are not"
                                + " run here; export it without them.");
                case 10, 22, 23 ->
                    wrong(Rule.WEIGHTS, "The model has sparse weights or lists of weights, which are not run here;"
                            + " export it without them.");
                default -> {
                }
            }
        }
        if (tensor == null && name.startsWith("value_int")) {
            long[] values = numbers.stream().mapToLong(Long::longValue).toArray();
            return new Weights("", INT64, new long[] { values.length }, values.length, values);
        }
        return name.equals("value") ? tensor : null;
    }

    private static void integers(Protobuf message, List<Long> into) {
        if (!message.isPacked()) {
            add(into, message.number());
            return;
        }
        for (Protobuf packed = message.numbers(); !packed.atEnd();) {
            add(into, packed.packed());
        }
    }

    private static void add(List<Long> into, long number) {
        if (into.size() >= 65_536) {
            throw Protobuf.broken("an attribute has more than 65,536 numbers");
        }
        into.add(number);
    }

    private Weights tensor(Protobuf message) {
        String name = "";
        int type = 0;
        List<Long> dims = new ArrayList<>();
        MemorySegment raw = null;
        long typed = 0;
        List<Long> small = new ArrayList<>();
        while (message.next()) {
            switch (message.field()) {
                case 1 -> integers(message, dims);
                case 2 -> type = (int) message.number();
                case 3 -> wrong(Rule.WEIGHTS, "The model has weights in segments, which are not run here; export it anew.");
                case 4 -> typed += message.isPacked() ? whole(message.content(), 4) : 1;
                case 5, 7, 11 -> typed += varints(message, small);
                case 6 -> typed++;
                case 8 -> name = message.text(LONGEST_NAME);
                case 9 -> {
                    if (raw != null) {
                        throw Protobuf.broken("weights have their bytes twice");
                    }
                    raw = message.content();
                }
                case 10 -> typed += message.isPacked() ? whole(message.content(), 8) : 1;
                case 13, 14 -> {
                    if (message.field() == 13 || message.number() != 0) {
                        wrong(Rule.EXTERNAL_DATA,
                                "The model reads weights from another file (external data), which is not read here;"
                                        + " export it as one file.");
                    }
                }
                default -> {
                }
            }
        }
        return weighed(name, type, dims, raw, typed, small);
    }

    private Weights weighed(String name, int type, List<Long> dims, @Nullable MemorySegment raw, long typed, List<Long> small) {
        int bits = bits(type);
        long elements = 1;
        for (long dim : dims) {
            elements = dim < 0 || dim != 0 && elements > Long.MAX_VALUE / 64 / dim ? -1 : elements < 0 ? -1 : elements * dim;
        }
        if (elements < 0 || dims.size() > MOST_DIMENSIONS) {
            wrong(Rule.WEIGHTS, "The weights '" + shown(name) + "' have an impossible shape.");
            elements = 0;
        } else if (bits == 0) {
            wrong(Rule.WEIGHTS, "The weights '%s' have the type %d, which is not run here.".formatted(shown(name), type));
        } else if (found.get(Rule.EXTERNAL_DATA) == null) {
            long expected = (elements * bits + 7) / 8;
            if (raw != null && (raw.byteSize() != expected || typed > 0)) {
                wrong(Rule.WEIGHTS,
                        "The weights '%s' have %,d bytes, and their shape needs %,d.".formatted(shown(name), raw.byteSize(),
                                expected));
            } else if (raw == null && typed != (bits == 4 ? (elements + 1) / 2 : elements)) {
                wrong(Rule.WEIGHTS,
                        "The weights '%s' have %,d numbers, and their shape needs %,d.".formatted(shown(name), typed,
                                elements));
            }
            memory += expected;
        }
        return new Weights(name, type, dims.stream().mapToLong(Long::longValue).toArray(), elements,
                values(type, elements, raw, small));
    }

    private static long @Nullable [] values(int type, long elements, @Nullable MemorySegment raw, List<Long> small) {
        if (elements > SMALL || type != INT64 && type != 6) {
            return null;
        }
        if (raw == null) {
            return small.size() == elements ? small.stream().mapToLong(Long::longValue).toArray() : null;
        }
        int width = type == INT64 ? 8 : 4;
        if (raw.byteSize() != elements * width) {
            return null;
        }
        long[] values = new long[(int) elements];
        for (int i = 0; i < values.length; i++) {
            values[i] = width == 8 ? raw.get(LONG, 8L * i) : raw.get(INT, 4L * i);
        }
        return values;
    }

    private static long whole(MemorySegment packed, int each) {
        if (packed.byteSize() % each != 0) {
            throw Protobuf.broken("a list of numbers ends in the middle of one");
        }
        return packed.byteSize() / each;
    }

    private static long varints(Protobuf message, List<Long> small) {
        if (!message.isPacked()) {
            keep(small, message.number());
            return 1;
        }
        long count = 0;
        MemorySegment content = message.content();
        for (long i = 0; i < content.byteSize(); i++) {
            count += content.get(JAVA_BYTE, i) >= 0 ? 1 : 0;
        }
        if (count <= SMALL) {
            for (Protobuf packed = message.numbers(); !packed.atEnd();) {
                keep(small, packed.packed());
            }
        }
        return count;
    }

    private static void keep(List<Long> small, long number) {
        if (small.size() <= SMALL) {
            small.add(number);
        }
    }

    /** Of one element; 0 for types that are not run. */
    private static int bits(int type) {
        return switch (type) {
            case 1, 6, 12 -> 32;
            case 2, 3, 9, 17, 18, 19, 20 -> 8;
            case 4, 5, 10, 16 -> 16;
            case 7, 11, 13 -> 64;
            case 21, 22 -> 4;
            default -> 0;
        };
    }

    private Port port(Protobuf message) {
        String name = "";
        int type = 0;
        long[] dims = null;
        while (message.next()) {
            if (message.field() == 1) {
                name = message.text(LONGEST_NAME);
            } else if (message.field() == 2) {
                for (Protobuf kind = message.message(); kind.next();) {
                    if (kind.field() != 1) {
                        continue;
                    }
                    for (Protobuf tensor = kind.message(); tensor.next();) {
                        if (tensor.field() == 1) {
                            type = (int) tensor.number();
                        } else if (tensor.field() == 2) {
                            dims = shape(tensor.message());
                        }
                    }
                }
            }
        }
        return new Port(name, type, dims);
    }

    private static long[] shape(Protobuf shape) {
        List<Long> dims = new ArrayList<>();
        while (shape.next()) {
            if (shape.field() == 1) {
                long size = -1;
                for (Protobuf dimension = shape.message(); dimension.next();) {
                    size = dimension.field() == 1 ? dimension.number() : size;
                }
                add(dims, size);
            }
        }
        return dims.stream().mapToLong(Long::longValue).toArray();
    }

    private void memory() {
        if (memory > 4 * file.byteSize() + (64L << 20)) {
            throw new WrongArtefact(Rule.MEMORY, "The model's weights need %,d bytes of memory, far more than the file has."
                    .formatted(memory));
        }
        for (Node node : nodes) {
            if (FILLERS.contains(node.operator())) {
                Map<String, Long> bounds = new HashMap<>();
                long filled = switch (node.operator()) {
                    case "ConstantOfShape" -> bound(node.input(0), bounds, 0);
                    case "Range" -> Math.max(bound(node.input(0), bounds, 0), bound(node.input(1), bounds, 0));
                    default -> bound(node.input(1), bounds, 0);
                };
                if (filled > MOST_FILLED) {
                    throw new WrongArtefact(Rule.MEMORY,
                            "The operator '%s' (output '%s') fills memory whose size is not bounded by the"
                                    .formatted(node.operator(),
                                            shown(node.outputs().isEmpty() ? "" : node.outputs().getFirst()))
                                    + " length of the text; export the model without it.");
                }
            }
        }
    }

    /**
     * Of the product of the numbers in a shape, where sizes of the text count {@link #OF_TEXT}; {@link Long#MAX_VALUE} when it
     * depends on what the text says or cannot be followed.
     */
    private long bound(String name, Map<String, Long> known, int depth) {
        Long before = known.get(name);
        if (before != null) {
            return before;
        }
        // Stands while its own inputs are looked at: what goes round in a circle has no bound.
        known.put(name, Long.MAX_VALUE);
        long bound = depth > DEEPEST ? Long.MAX_VALUE : follow(name, known, depth + 1);
        known.put(name, bound);
        return bound;
    }

    private long follow(String name, Map<String, Long> known, int depth) {
        Weights constant = weights.get(name);
        if (constant != null) {
            return product(constant);
        }
        Node maker = makers.get(name);
        if (maker == null) {
            return Long.MAX_VALUE;
        }
        return switch (maker.operator()) {
            case "Constant" -> product(maker.value());
            case "Shape", "Size" -> OF_TEXT;
            case "Gather", "GatherElements", "Slice", "Unsqueeze", "Squeeze", "Cast", "Identity", "Reshape", "Flatten",
                    "Transpose", "Abs",
                    "Neg", "Floor", "Ceil", "Round", "Div", "ReduceMax", "ReduceMin", "ReduceProd", "Split" ->
                bound(maker.input(0), known, depth);
            case "Concat", "Mul", "Add", "Sub", "Max", "Min" -> {
                long all = 1;
                for (String input : maker.inputs()) {
                    all = times(all, bound(input, known, depth));
                }
                yield all;
            }
            case "Where" -> times(bound(maker.input(1), known, depth), bound(maker.input(2), known, depth));
            case "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Not", "And", "Or" -> 1;
            case "ConstantOfShape" -> maker.value() == null ? 1 : product(maker.value()) == 1 ? 1 : Long.MAX_VALUE;
            case "Expand" -> bound(maker.input(0), known, depth) == 1 ? 1 : Long.MAX_VALUE;
            default -> Long.MAX_VALUE;
        };
    }

    private static long product(@Nullable Weights constant) {
        if (constant == null || constant.values() == null) {
            return Long.MAX_VALUE;
        }
        long product = 1;
        for (long value : constant.values()) {
            product = times(product, Math.max(1, value == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(value)));
        }
        return product;
    }

    private static long times(long a, long b) {
        return a > Long.MAX_VALUE / b ? Long.MAX_VALUE : a * b;
    }

    /** @return how many numbers a vector has, where the model says so */
    private @Nullable Integer ports() {
        List<Port> fed = inputs.stream().filter(input -> !weights.containsKey(input.name())).toList();
        for (Port input : fed) {
            if (!TEXT.contains(input.name())) {
                throw new WrongArtefact(Rule.INPUTS, "The model wants an input named '" + shown(input.name())
                        + "', and a text gives input_ids, attention_mask and token_type_ids only.");
            }
            long[] dims = input.dims();
            if (input.type() != INT64 || dims != null && dims.length != 2) {
                throw new WrongArtefact(Rule.INPUTS, "The model's input '" + input.name()
                        + "' is no table of 64-bit integers (batch, tokens), which is what a text gives; export it so.");
            }
        }
        if (fed.stream().noneMatch(input -> input.name().equals("input_ids"))) {
            throw new WrongArtefact(Rule.INPUTS,
                    "The model has no input named 'input_ids', so that no text can be given to it.");
        }
        Port output = outputs.isEmpty() ? null : outputs.getFirst();
        long[] dims = output == null ? null : output.dims();
        if (output == null || output.type() != FLOAT || dims != null && dims.length != 2 && dims.length != 3) {
            throw new WrongArtefact(Rule.INPUTS,
                    "The model's first output is no 32-bit numbers for each text or token, so that it gives no embedding.");
        }
        long width = dims == null ? -1 : dims[dims.length - 1];
        return width > 0 && width < 1 << 20 ? (Integer) (int) width : null;
    }

    private @Nullable Integer context() {
        return weights.values().stream()
                .filter(table -> table.name().contains("position_embedding") && table.dims().length == 2 && table.dims()[0] > 0
                        && table.dims()[0] < 1 << 24)
                .map(table -> (int) table.dims()[0]).findFirst().orElse(null);
    }

    /** Of the table that token ids look up; -1 when none was found. */
    long embeddingRows() {
        for (Node node : nodes) {
            if (node.operator().equals("Gather") && isIds(node.input(1))) {
                Weights table = table(node.input(0));
                if (table != null && table.dims().length == 2) {
                    return table.dims()[0];
                }
            }
        }
        return -1;
    }

    private boolean isIds(String name) {
        String at = name;
        for (int i = 0; i < 8; i++) {
            if (at.equals("input_ids")) {
                return true;
            }
            Node maker = makers.get(at);
            if (maker == null || !Set.of("Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze").contains(maker.operator())) {
                return false;
            }
            at = maker.input(0);
        }
        return false;
    }

    private @Nullable Weights table(String name) {
        String at = name;
        for (int i = 0; i < 8; i++) {
            Weights table = weights.get(at);
            Node maker = makers.get(at);
            if (table != null || maker == null || !Set.of("Cast", "Identity", "DequantizeLinear").contains(maker.operator())) {
                return table;
            }
            at = maker.input(0);
        }
        return null;
    }

    private String quantisation() {
        int most = elementsOfType.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey).orElse(FLOAT);
        return fourBits ? "int4" : switch (most) {
            case 2, 3 -> "int8";
            case 10 -> "fp16";
            case 11 -> "fp64";
            case 16 -> "bf16";
            case 17, 18, 19, 20 -> "fp8";
            case 21, 22 -> "int4";
            default -> "fp32";
        };
    }
}
