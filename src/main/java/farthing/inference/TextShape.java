package farthing.inference;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import com.fasterxml.jackson.core.io.JsonStringEncoder;

import farthing.engine.FinishReason;
import farthing.metering.Charged;
import farthing.metering.Units;
import farthing.receipt.ReceiptId;

/** The two forms in which OpenAI clients read generated text, written as JSON by hand: every token comes through here. */
enum TextShape {

    COMPLETION("cmpl-", "text_completion", "text_completion") {
        @Override
        String whole(String quoted) {
            return "\"text\":" + quoted;
        }

        @Override
        String beforePiece(boolean first) {
            return "\"text\":";
        }

        @Override
        String afterPiece() {
            return "";
        }

        @Override
        String noPiece() {
            return "\"text\":\"\"";
        }
    },

    CHAT("chatcmpl-", "chat.completion", "chat.completion.chunk") {
        @Override
        String whole(String quoted) {
            return "\"message\":{\"role\":\"assistant\",\"content\":" + quoted + ",\"refusal\":null}";
        }

        @Override
        String beforePiece(boolean first) {
            return first ? "\"delta\":{\"role\":\"assistant\",\"content\":" : "\"delta\":{\"content\":";
        }

        @Override
        String afterPiece() {
            return "}";
        }

        @Override
        String noPiece() {
            return "\"delta\":{}";
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

    /** What a choice says of the whole text. */
    abstract String whole(String quoted);

    /** What stands in a choice before a piece's text. */
    abstract String beforePiece(boolean first);

    abstract String afterPiece();

    /** What a choice says beside its end. */
    abstract String noPiece();

    String answer(ReceiptId receipt, long created, String model, String text, FinishReason finish, Units units) {
        return head(wholeObject, receipt, created, model) + choice(whole(quoted(text)), finish) + "]," + usage(units) + "}";
    }

    String lastChunk(ReceiptId receipt, long created, String model, FinishReason finish) {
        return head(pieceObject, receipt, created, model) + choice(noPiece(), finish) + "]}";
    }

    String usageChunk(ReceiptId receipt, long created, String model, Units units, Charged charged) {
        return head(pieceObject, receipt, created, model) + "]," + usage(units) + ",\"farthing\":" + farthing(charged) + "}";
    }

    /** Receipt and charge, as they end every stream. */
    static String farthing(Charged charged) {
        return "{\"receipt\":\"" + charged.receipt() + "\",\"charge_nanos\":" + charged.amount().nanos() + "}";
    }

    /** The events of a stream's text, of which all but the text is written once. */
    Chunks chunks(ReceiptId receipt, long created, String model) {
        String head = "data: " + head(pieceObject, receipt, created, model) + "{\"index\":0,";
        return new Chunks(utf8(head + beforePiece(true)), utf8(head + beforePiece(false)),
                utf8(afterPiece() + ",\"logprobs\":null,\"finish_reason\":null}]}\n\n"));
    }

    record Chunks(byte[] first, byte[] later, byte[] after) {

        byte[] event(String text, boolean isFirst) {
            byte[] before = isFirst ? first : later;
            byte[] quoted = utf8(quoted(text));
            byte[] event = Arrays.copyOf(before, before.length + quoted.length + after.length);
            System.arraycopy(quoted, 0, event, before.length, quoted.length);
            System.arraycopy(after, 0, event, before.length + quoted.length, after.length);
            return event;
        }
    }

    private String head(String object, ReceiptId receipt, long created, String model) {
        return "{\"id\":\"" + prefix + receipt + "\",\"object\":\"" + object + "\",\"created\":" + created + ",\"model\":"
                + quoted(model) + ",\"choices\":[";
    }

    private static String choice(String content, FinishReason finish) {
        // A cancelled answer is seen only in a replay, where "stop" would pass it off as whole.
        return "{\"index\":0," + content + ",\"logprobs\":null,\"finish_reason\":\""
                + (finish == FinishReason.STOP ? "stop" : "length") + "\"}";
    }

    private static String usage(Units units) {
        return "\"usage\":{\"prompt_tokens\":" + units.inputTokens() + ",\"completion_tokens\":" + units.outputTokens()
                + ",\"total_tokens\":" + (units.inputTokens() + units.outputTokens()) + "}";
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 16).append('"');
        JsonStringEncoder.getInstance().quoteAsString(text, quoted);
        return quoted.append('"').toString();
    }
}
