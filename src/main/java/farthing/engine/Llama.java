package farthing.engine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

import org.jspecify.annotations.Nullable;

/** The part of llama.cpp's C API that Farthing uses, of the release that {@code src/main/native/package-lock.json} pins. */
final class Llama {

    private static final String RELEASE = "0.5.0";
    private static final Linker LINKER = Linker.nativeLinker();
    private static final int ERROR = 4;

    private final SymbolLookup symbols;
    private final MethodHandle tokenize;
    private final MethodHandle piece;
    private final MethodHandle isEnd;
    private final MethodHandle decode;
    private final MethodHandle sample;
    private final StringBuffer errors = new StringBuffer();

    /**
     * @throws IllegalStateException if the libraries are missing or are not the pinned release
     */
    Llama(Path folder) {
        symbols = library(folder, "llama");
        String release = text((MemorySegment) call("llama_version", ADDRESS));
        if (!release.startsWith(RELEASE)) {
            throw new IllegalStateException("Farthing was written for llama.cpp " + RELEASE + ", not " + release);
        }
        LlamaLayouts.check(struct("llama_model_default_params", LlamaLayouts.MODEL),
                struct("llama_context_default_params", LlamaLayouts.CONTEXT));
        call("llama_log_set", null, upcall("log", MethodType.methodType(void.class, int.class, MemorySegment.class,
                MemorySegment.class), FunctionDescriptor.ofVoid(JAVA_INT, ADDRESS, ADDRESS), this), MemorySegment.NULL);
        try (Arena arena = Arena.ofConfined()) {
            // The CPU variants are libraries of their own; the loader takes the best this machine can run.
            invoke(handle(library(folder, "ggml"), "ggml_backend_load_all_from_path", FunctionDescriptor.ofVoid(ADDRESS)),
                    arena.allocateFrom(folder.toString()));
        }
        call("llama_backend_init", null);
        tokenize = handle(symbols, "llama_tokenize",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_BOOLEAN, JAVA_BOOLEAN));
        piece = handle(symbols, "llama_token_to_piece",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_BOOLEAN));
        isEnd = handle(symbols, "llama_vocab_is_eog", FunctionDescriptor.of(JAVA_BOOLEAN, ADDRESS, JAVA_INT));
        decode = handle(symbols, "llama_decode", FunctionDescriptor.of(JAVA_INT, ADDRESS, LlamaLayouts.BATCH));
        sample = handle(symbols, "llama_sampler_sample", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    }

    private static SymbolLookup library(Path folder, String name) {
        Path file = folder.resolve("lib" + name + ".v" + RELEASE + ".so");
        if (!Files.exists(file)) {
            throw new IllegalStateException("There is no " + file + ": run npm ci --ignore-scripts in src/main/native, "
                    + "or point FARTHING_NATIVES to the libraries");
        }
        return SymbolLookup.libraryLookup(file, Arena.global());
    }

    MemorySegment loadModel(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment params = arena.allocate(LlamaLayouts.MODEL)
                    .copyFrom(struct("llama_model_default_params", LlamaLayouts.MODEL));
            LlamaLayouts.setInt(params, LlamaLayouts.MODEL, "n_gpu_layers", 0);
            // Reads every tensor once: a value that is no number is found now, not in the middle of a call.
            LlamaLayouts.setBoolean(params, LlamaLayouts.MODEL, "check_tensors", true);
            MethodHandle load = handle(symbols, "llama_model_load_from_file",
                    FunctionDescriptor.of(ADDRESS, ADDRESS, LlamaLayouts.MODEL));
            return present((MemorySegment) invoke(load, arena.allocateFrom(file.toString()), params), "load the model");
        }
    }

    MemorySegment newContext(MemorySegment model, int tokens, int threads, BooleanSupplier aborted) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment params = arena.allocate(LlamaLayouts.CONTEXT)
                    .copyFrom(struct("llama_context_default_params", LlamaLayouts.CONTEXT));
            LlamaLayouts.setInt(params, LlamaLayouts.CONTEXT, "n_ctx", tokens);
            LlamaLayouts.setInt(params, LlamaLayouts.CONTEXT, "n_batch", Math.min(tokens, BATCH));
            LlamaLayouts.setInt(params, LlamaLayouts.CONTEXT, "n_ubatch", Math.min(tokens, BATCH));
            LlamaLayouts.setInt(params, LlamaLayouts.CONTEXT, "n_threads", threads);
            LlamaLayouts.setInt(params, LlamaLayouts.CONTEXT, "n_threads_batch", threads);
            LlamaLayouts.setAddress(params, LlamaLayouts.CONTEXT, "abort_callback",
                    upcall("asked", MethodType.methodType(boolean.class, MemorySegment.class),
                            FunctionDescriptor.of(JAVA_BOOLEAN, ADDRESS), new Abort(aborted)));
            MethodHandle init = handle(symbols, "llama_init_from_model",
                    FunctionDescriptor.of(ADDRESS, ADDRESS, LlamaLayouts.CONTEXT));
            return present((MemorySegment) invoke(init, model, params), "make a context");
        }
    }

    /** How many tokens one {@link #decode} may take. */
    static final int BATCH = 512;

    MemorySegment vocabulary(MemorySegment model) {
        return (MemorySegment) call("llama_model_get_vocab", ADDRESS, model);
    }

    int vocabularySize(MemorySegment vocabulary) {
        return (int) call("llama_vocab_n_tokens", JAVA_INT, vocabulary);
    }

    int trainedContext(MemorySegment model) {
        return (int) call("llama_model_n_ctx_train", JAVA_INT, model);
    }

    boolean canGenerate(MemorySegment model) {
        return (boolean) call("llama_model_has_decoder", JAVA_BOOLEAN, model)
                && !(boolean) call("llama_model_has_encoder", JAVA_BOOLEAN, model);
    }

    /** @param special whether text such as {@code <|im_end|>} stands for its control token */
    int[] tokenize(MemorySegment vocabulary, String text, boolean special) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom(JAVA_BYTE, utf8);
            int room = utf8.length + 8;
            MemorySegment tokens = arena.allocate(JAVA_INT, room);
            int n = (int) invoke(tokenize, vocabulary, bytes, utf8.length, tokens, room, true, special);
            if (n < 0) {
                room = -n;
                tokens = arena.allocate(JAVA_INT, room);
                n = (int) invoke(tokenize, vocabulary, bytes, utf8.length, tokens, room, true, special);
            }
            return tokens.asSlice(0, 4L * n).toArray(JAVA_INT);
        }
    }

    /** The bytes of a token, which need not be whole characters; none for a control token. */
    byte[] piece(MemorySegment vocabulary, int token) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(256);
            int n = (int) invoke(piece, vocabulary, token, bytes, 256, 0, false);
            if (n < 0) {
                bytes = arena.allocate(-n);
                n = (int) invoke(piece, vocabulary, token, bytes, -n, 0, false);
            }
            return bytes.asSlice(0, n).toArray(JAVA_BYTE);
        }
    }

    boolean isEnd(MemorySegment vocabulary, int token) {
        try {
            return (boolean) isEnd.invokeExact(vocabulary, token);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** The chat as the model's own template renders it; empty if the model has none that llama.cpp knows. */
    Optional<String> render(MemorySegment model, List<Input.Message> messages) {
        MemorySegment template = (MemorySegment) call("llama_model_chat_template", ADDRESS, model, MemorySegment.NULL);
        if (template.equals(MemorySegment.NULL)) {
            return Optional.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment chat = arena.allocate(ADDRESS, 2L * messages.size());
            for (int i = 0; i < messages.size(); i++) {
                chat.setAtIndex(ADDRESS, 2L * i, arena.allocateFrom(messages.get(i).role()));
                chat.setAtIndex(ADDRESS, 2L * i + 1, arena.allocateFrom(messages.get(i).content()));
            }
            int room = 1 << 12;
            while (true) {
                MemorySegment text = arena.allocate(room);
                int n = (int) call("llama_chat_apply_template", JAVA_INT, template, chat, (long) messages.size(), true, text,
                        room);
                if (n < 0) {
                    return Optional.empty();
                }
                if (n <= room) {
                    return Optional.of(new String(text.asSlice(0, n).toArray(JAVA_BYTE), StandardCharsets.UTF_8));
                }
                room = n;
            }
        }
    }

    /** Appends tokens to what the context has seen. @return 0, or 2 if it was aborted, or another failure */
    int decode(MemorySegment context, MemorySegment tokens, int count) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment batch = arena.allocate(LlamaLayouts.BATCH);
            LlamaLayouts.setInt(batch, LlamaLayouts.BATCH, "n_tokens", count);
            LlamaLayouts.setAddress(batch, LlamaLayouts.BATCH, "token", tokens);
            return (int) decode.invokeExact(context, batch);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    void clear(MemorySegment context) {
        call("llama_memory_clear", null, call("llama_get_memory", ADDRESS, context), false);
    }

    MemorySegment newSampler(MemorySegment vocabulary, int context, Generation how, int seed) {
        MemorySegment chain;
        try (Arena arena = Arena.ofConfined()) {
            MethodHandle init = handle(symbols, "llama_sampler_chain_init", FunctionDescriptor.of(ADDRESS, LlamaLayouts.CHAIN));
            MemorySegment params = arena.allocate(LlamaLayouts.CHAIN);
            params.set(JAVA_BOOLEAN, 0, true);
            chain = (MemorySegment) invoke(init, params);
        }
        if (how.frequencyPenalty() != 0 || how.presencePenalty() != 0) {
            add(chain, "penalties", vocabularySize(vocabulary), context, 1f, how.frequencyPenalty(), how.presencePenalty());
        }
        if (how.temperature() == 0) {
            add(chain, "greedy");
        } else {
            add(chain, "temp", how.temperature());
            add(chain, "top_p", how.topP(), 1L);
            add(chain, "dist", seed);
        }
        return chain;
    }

    private void add(MemorySegment chain, String sampler, Object... arguments) {
        Object added = call("llama_sampler_init_" + sampler, ADDRESS, arguments);
        call("llama_sampler_chain_add", null, chain, added);
    }

    int sample(MemorySegment sampler, MemorySegment context) {
        try {
            return (int) sample.invokeExact(sampler, context, -1);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    void freeSampler(MemorySegment sampler) {
        call("llama_sampler_free", null, sampler);
    }

    /** What llama.cpp last complained about. */
    private String complaints() {
        String said = errors.toString().strip();
        return said.isEmpty() ? "llama.cpp gave no reason" : said.replace('\n', ' ');
    }

    private MemorySegment present(MemorySegment result, String what) {
        if (result.equals(MemorySegment.NULL)) {
            throw new IllegalStateException("llama.cpp could not " + what + ": " + complaints());
        }
        return result;
    }

    /** Called by llama.cpp. */
    @SuppressWarnings("unused")
    private void log(int level, MemorySegment text, MemorySegment data) {
        if (level == ERROR && errors.length() < 2000) {
            errors.append(text(text));
        }
    }

    private record Abort(BooleanSupplier aborted) {
        /** Called by llama.cpp between the nodes of a graph. */
        @SuppressWarnings("unused")
        private boolean asked(MemorySegment data) {
            return aborted.getAsBoolean();
        }
    }

    private static MemorySegment upcall(String method, MethodType type, FunctionDescriptor descriptor, Object target) {
        try {
            MethodHandle handle = MethodHandles.lookup().findVirtual(target.getClass(), method, type).bindTo(target);
            return LINKER.upcallStub(handle, descriptor, Arena.global());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private MemorySegment struct(String function, MemoryLayout layout) {
        MethodHandle handle = handle(symbols, function, FunctionDescriptor.of(layout));
        return (MemorySegment) invoke(handle, Arena.global());
    }

    /** Calls a function with scalar arguments whose types are those of the values. For what is not called once per token. */
    private Object call(String function, @Nullable ValueLayout result, Object... arguments) {
        ValueLayout[] types = new ValueLayout[arguments.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = switch (arguments[i]) {
                case MemorySegment _ -> ADDRESS;
                case Integer _ -> JAVA_INT;
                case Long _ -> JAVA_LONG;
                case Float _ -> JAVA_FLOAT;
                case Boolean _ -> JAVA_BOOLEAN;
                default -> throw new IllegalArgumentException(function);
            };
        }
        return invoke(handle(symbols, function,
                result == null ? FunctionDescriptor.ofVoid(types) : FunctionDescriptor.of(result, types)), arguments);
    }

    private static MethodHandle handle(SymbolLookup library, String function, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(library.findOrThrow(function), descriptor);
    }

    private static Object invoke(MethodHandle handle, Object... arguments) {
        try {
            return handle.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Native functions throw nothing; a handle of the wrong type does. */
    private static RuntimeException unexpected(Throwable e) {
        return new IllegalStateException(e);
    }

    private static String text(MemorySegment address) {
        AddressLayout unbounded = ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(Long.MAX_VALUE, JAVA_BYTE));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pointer = arena.allocate(ADDRESS);
            pointer.set(ADDRESS, 0, address);
            return pointer.get(unbounded, 0).getString(0);
        }
    }
}
