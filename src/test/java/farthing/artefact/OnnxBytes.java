package farthing.artefact;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes small ONNX models, right and wrong. */
final class OnnxBytes {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    OnnxBytes number(int field, long value) {
        varint((long) field << 3);
        varint(value);
        return this;
    }

    OnnxBytes bytes(int field, byte[] content) {
        varint((long) field << 3 | 2);
        varint(content.length);
        out.writeBytes(content);
        return this;
    }

    OnnxBytes text(int field, String content) {
        return bytes(field, content.getBytes(StandardCharsets.UTF_8));
    }

    OnnxBytes message(int field, OnnxBytes content) {
        return bytes(field, content.out.toByteArray());
    }

    private void varint(long value) {
        for (; (value & ~0x7fL) != 0; value >>>= 7) {
            out.write((int) (value & 0x7f | 0x80));
        }
        out.write((int) value);
    }

    byte[] toBytes() {
        return out.toByteArray();
    }

    static OnnxBytes weights(String name, long type, int bytes, long... dims) {
        OnnxBytes weights = new OnnxBytes();
        for (long dim : dims) {
            weights.number(1, dim);
        }
        return weights.number(2, type).text(8, name).bytes(9, new byte[bytes]);
    }

    static OnnxBytes node(String operator, String output, String... inputs) {
        OnnxBytes node = new OnnxBytes();
        for (String input : inputs) {
            node.text(1, input);
        }
        return node.text(2, output).text(4, operator);
    }

    static OnnxBytes port(String name, long type, int rank) {
        OnnxBytes shape = new OnnxBytes();
        for (int i = 0; i < rank; i++) {
            shape.message(1, new OnnxBytes().text(2, "n" + i));
        }
        return new OnnxBytes().text(1, name).message(2,
                new OnnxBytes().message(1, new OnnxBytes().number(1, type).message(2, shape)));
    }

    /** Looks token ids up in a table of so many rows; more may be added to its graph. */
    static OnnxBytes embedding(int rows) {
        return new OnnxBytes().message(1, node("Gather", "vectors", "table", "input_ids"))
                .message(5, weights("table", 1, rows * 8, rows, 2)).message(11, port("input_ids", 7, 2))
                .message(12, port("vectors", 1, 3));
    }

    static byte[] model(OnnxBytes graph) {
        return new OnnxBytes().number(1, 8).message(7, graph).message(8, new OnnxBytes().text(1, "").number(2, 13)).toBytes();
    }
}
