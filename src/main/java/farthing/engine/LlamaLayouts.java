package farthing.engine;

import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** The structs of llama.h that are passed by value. A field out of place corrupts memory, so their defaults are compared. */
final class LlamaLayouts {

    static final StructLayout MODEL = structLayout(ADDRESS.withName("devices"), ADDRESS.withName("tensor_buft_overrides"),
            JAVA_INT.withName("n_gpu_layers"), JAVA_INT.withName("split_mode"), JAVA_INT.withName("load_mode"),
            JAVA_INT.withName("lazy_mode"), JAVA_INT.withName("main_gpu"), paddingLayout(4), ADDRESS.withName("tensor_split"),
            ADDRESS.withName("progress_callback"), ADDRESS.withName("progress_callback_user_data"),
            ADDRESS.withName("kv_overrides"), JAVA_BYTE.withName("vocab_only"), JAVA_BYTE.withName("check_tensors"),
            JAVA_BYTE.withName("use_extra_bufts"), JAVA_BYTE.withName("no_host"), JAVA_BYTE.withName("no_alloc"),
            JAVA_BYTE.withName("load_mtp"), paddingLayout(2));

    static final StructLayout CONTEXT = structLayout(JAVA_INT.withName("n_ctx"), JAVA_INT.withName("n_batch"),
            JAVA_INT.withName("n_ubatch"), JAVA_INT.withName("n_seq_max"), JAVA_INT.withName("n_rs_seq"),
            JAVA_INT.withName("n_outputs_max"), JAVA_INT.withName("n_outputs_max_per_seq"), JAVA_INT.withName("n_threads"),
            JAVA_INT.withName("n_threads_batch"), JAVA_INT.withName("ctx_type"), JAVA_INT.withName("rope_scaling_type"),
            JAVA_INT.withName("pooling_type"), JAVA_INT.withName("attention_type"), JAVA_INT.withName("flash_attn_type"),
            JAVA_FLOAT.withName("rope_freq_base"), JAVA_FLOAT.withName("rope_freq_scale"),
            JAVA_FLOAT.withName("yarn_ext_factor"), JAVA_FLOAT.withName("yarn_attn_factor"),
            JAVA_FLOAT.withName("yarn_beta_fast"), JAVA_FLOAT.withName("yarn_beta_slow"), JAVA_INT.withName("yarn_orig_ctx"),
            JAVA_FLOAT.withName("defrag_thold"), ADDRESS.withName("cb_eval"), ADDRESS.withName("cb_eval_user_data"),
            JAVA_INT.withName("type_k"), JAVA_INT.withName("type_v"), ADDRESS.withName("abort_callback"),
            ADDRESS.withName("abort_callback_data"), JAVA_BYTE.withName("embeddings"), JAVA_BYTE.withName("offload_kqv"),
            JAVA_BYTE.withName("no_perf"), JAVA_BYTE.withName("op_offload"), JAVA_BYTE.withName("swa_full"),
            JAVA_BYTE.withName("kv_unified"), paddingLayout(2), ADDRESS.withName("samplers"), JAVA_LONG.withName("n_samplers"),
            ADDRESS.withName("ctx_other"));

    static final StructLayout BATCH = structLayout(JAVA_INT.withName("n_tokens"), paddingLayout(4), ADDRESS.withName("token"),
            ADDRESS.withName("embd"), ADDRESS.withName("pos"), ADDRESS.withName("n_seq_id"), ADDRESS.withName("seq_id"),
            ADDRESS.withName("logits"));

    static final StructLayout CHAIN = structLayout(JAVA_BOOLEAN.withName("no_perf"));

    private static final String MODEL_DEFAULTS = "0 0 -1 1 -1 1 0 0 0 0 0 0 0 1 0 0 0";
    private static final String CONTEXT_DEFAULTS = "512 2048 512 1 0 0 1 4 4 0 -1 -1 -1 -1 0.0 0.0 -1.0 -1.0 -1.0 -1.0 0 -1.0 "
            + "0 0 1 1 0 0 0 1 1 1 1 0 0 0 0";

    private LlamaLayouts() {
    }

    static void check(MemorySegment model, MemorySegment context) {
        same("llama_model_params", MODEL_DEFAULTS, values(model, MODEL));
        same("llama_context_params", CONTEXT_DEFAULTS, values(context, CONTEXT));
    }

    private static void same(String struct, String expected, String found) {
        if (!expected.equals(found)) {
            throw new IllegalStateException(
                    "%s is laid out differently here: expected %s, found %s".formatted(struct, expected, found));
        }
    }

    private static String values(MemorySegment struct, StructLayout layout) {
        var values = new StringBuilder();
        long offset = 0;
        for (var field : layout.memberLayouts()) {
            if (field.name().isPresent()) {
                Object value = switch (field) {
                    case java.lang.foreign.AddressLayout _ -> struct.get(JAVA_LONG, offset);
                    case java.lang.foreign.ValueLayout.OfLong _ -> struct.get(JAVA_LONG, offset);
                    case java.lang.foreign.ValueLayout.OfInt _ -> struct.get(JAVA_INT, offset);
                    case java.lang.foreign.ValueLayout.OfFloat _ -> struct.get(JAVA_FLOAT, offset);
                    default -> struct.get(JAVA_BYTE, offset);
                };
                values.append(values.isEmpty() ? "" : " ").append(value);
            }
            offset += field.byteSize();
        }
        return values.toString();
    }

    static void setInt(MemorySegment struct, StructLayout layout, String field, int value) {
        struct.set(JAVA_INT, layout.byteOffset(groupElement(field)), value);
    }

    static void setBoolean(MemorySegment struct, StructLayout layout, String field, boolean value) {
        struct.set(JAVA_BYTE, layout.byteOffset(groupElement(field)), (byte) (value ? 1 : 0));
    }

    static void setAddress(MemorySegment struct, StructLayout layout, String field, MemorySegment value) {
        struct.set(ADDRESS, layout.byteOffset(groupElement(field)), value);
    }
}
