package farthing.inference;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import farthing.engine.FinishReason;
import farthing.metering.Charged;
import farthing.metering.Units;
import farthing.receipt.ReceiptId;

/** The two forms in which OpenAI clients read generated text. */
enum TextShape {

    COMPLETION("cmpl-", "text_completion", "text_completion") {
        @Override
        Map<String, Object> whole(String text) {
            return Map.of("text", text);
        }

        @Override
        Map<String, Object> piece(String text, boolean first) {
            return Map.of("text", text);
        }

        @Override
        Map<String, Object> noPiece() {
            return Map.of("text", "");
        }
    },

    CHAT("chatcmpl-", "chat.completion", "chat.completion.chunk") {
        @Override
        Map<String, Object> whole(String text) {
            Map<String, Object> message = new LinkedHashMap<>();
            message.put("role", "assistant");
            message.put("content", text);
            message.put("refusal", null);
            return Map.of("message", message);
        }

        @Override
        Map<String, Object> piece(String text, boolean first) {
            return Map.of("delta", first ? Map.of("role", "assistant", "content", text) : Map.of("content", text));
        }

        @Override
        Map<String, Object> noPiece() {
            return Map.of("delta", Map.of());
        }
    };

    private final String prefix;
    private final String wholeObject;
    private final String pieceObject;

    TextShape(String prefix, String wholeObject, String pieceObject) {
        this.prefix = prefix;
        this.wholeObject = wholeObject;
        this.pieceObject = pieceObject;
    }

    abstract Map<String, Object> whole(String text);

    abstract Map<String, Object> piece(String text, boolean first);

    abstract Map<String, Object> noPiece();

    Map<String, Object> answer(ReceiptId receipt, long created, String model, String text, FinishReason finish, Units units) {
        Map<String, Object> answer = head(wholeObject, receipt, created, model);
        answer.put("choices", List.of(choice(whole(text), finishName(finish))));
        answer.put("usage", usage(units));
        return answer;
    }

    Map<String, Object> chunk(ReceiptId receipt, long created, String model, String text, boolean first) {
        Map<String, Object> chunk = head(pieceObject, receipt, created, model);
        chunk.put("choices", List.of(choice(piece(text, first), null)));
        return chunk;
    }

    Map<String, Object> lastChunk(ReceiptId receipt, long created, String model, FinishReason finish) {
        Map<String, Object> chunk = head(pieceObject, receipt, created, model);
        chunk.put("choices", List.of(choice(noPiece(), finishName(finish))));
        return chunk;
    }

    Map<String, Object> usageChunk(ReceiptId receipt, long created, String model, Units units, Charged charged) {
        Map<String, Object> chunk = head(pieceObject, receipt, created, model);
        chunk.put("choices", List.of());
        chunk.put("usage", usage(units));
        chunk.put("farthing", farthing(charged));
        return chunk;
    }

    /** Receipt and charge, as they end every stream. */
    static Map<String, Object> farthing(Charged charged) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("receipt", charged.receipt().toString());
        object.put("charge_nanos", charged.amount().nanos());
        return object;
    }

    private static Map<String, Object> usage(Units units) {
        Map<String, Object> usage = new LinkedHashMap<>();
        usage.put("prompt_tokens", units.inputTokens());
        usage.put("completion_tokens", units.outputTokens());
        usage.put("total_tokens", units.inputTokens() + units.outputTokens());
        return usage;
    }

    private Map<String, Object> head(String object, ReceiptId receipt, long created, String model) {
        Map<String, Object> head = new LinkedHashMap<>();
        head.put("id", prefix + receipt);
        head.put("object", object);
        head.put("created", created);
        head.put("model", model);
        return head;
    }

    private static Map<String, Object> choice(Map<String, Object> content, @Nullable String finish) {
        Map<String, Object> choice = new LinkedHashMap<>();
        choice.put("index", 0);
        choice.putAll(content);
        choice.put("logprobs", null);
        choice.put("finish_reason", finish);
        return choice;
    }

    private static String finishName(FinishReason finish) {
        // A cancelled answer is seen only in a replay, where "stop" would pass it off as whole.
        return finish == FinishReason.STOP ? "stop" : "length";
    }
}
