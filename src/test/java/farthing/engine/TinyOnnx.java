package farthing.engine;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes the few fields of ONNX' protobuf that a hostile model needs. */
final class TinyOnnx {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private TinyOnnx number(int field, long value) {
        varint((long) field << 3);
        varint(value);
        return this;
    }

    private TinyOnnx bytes(int field, byte[] content) {
        varint((long) field << 3 | 2);
        varint(content.length);
        out.writeBytes(content);
        return this;
    }

    private TinyOnnx text(int field, String content) {
        return bytes(field, content.getBytes(StandardCharsets.UTF_8));
    }

    private TinyOnnx message(int field, TinyOnnx content) {
        return bytes(field, content.out.toByteArray());
    }

    private void varint(long value) {
        for (; (value & ~0x7fL) != 0; value >>>= 7) {
            out.write((int) (value & 0x7f | 0x80));
        }
        out.write((int) value);
    }

    /** A model of 150 bytes whose only node fills so many bytes. */
    static byte[] asking(long size) {
        var shape = new TinyOnnx().number(1, 1).number(2, 7).number(7, size / 4).text(8, "shape");
        var node = new TinyOnnx().text(1, "shape").text(2, "filled").text(4, "ConstantOfShape");
        var dimension = new TinyOnnx().message(1, new TinyOnnx().text(2, "n"));
        var type = new TinyOnnx().message(1, new TinyOnnx().number(1, 1).message(2, dimension));
        var output = new TinyOnnx().text(1, "filled").message(2, type);
        var graph = new TinyOnnx().message(1, node).text(2, "g").message(5, shape).message(12, output);
        return new TinyOnnx().number(1, 8).message(7, graph).message(8, new TinyOnnx().text(1, "").number(2, 13)).out
                .toByteArray();
    }
}
