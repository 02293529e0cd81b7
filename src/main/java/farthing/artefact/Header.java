package farthing.artefact;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Cheap checks in Java that a model file is whole and of its format, before native code sees it. */
final class Header {

    private static final int LONGEST_DESCRIPTOR = 8192;

    private Header() {
    }

    static void check(Format format, Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            switch (format) {
                case GGUF -> gguf(channel);
                case ONNX -> onnx(channel);
                case OPENNLP -> opennlp(channel);
                case REMOTE -> remote(channel);
            }
        }
    }

    private static void gguf(FileChannel channel) throws IOException {
        try {
            new GgufFile(channel);
        } catch (WrongArtefact e) {
            throw new DamagedArtefact(e.detail());
        }
    }

    /** Walks the top level of the ModelProto: every field must end inside the file, and there must be a graph. */
    private static void onnx(FileChannel channel) throws IOException {
        long size = channel.size();
        boolean graph = false;
        boolean version = false;
        for (long at = 0; at < size;) {
            Varint tag = varint(channel, at);
            at = tag.end();
            int field = (int) (tag.value() >>> 3);
            switch ((int) (tag.value() & 7)) {
                case 0 -> at = varint(channel, at).end();
                case 2 -> {
                    Varint length = varint(channel, at);
                    if (length.value() < 0 || length.value() > size - length.end()) {
                        throw notWhole("ONNX", "field " + field + " ends after the end of the file");
                    }
                    at = length.end() + length.value();
                }
                default -> throw notWhole("ONNX", "it is no ONNX model");
            }
            version |= field == 1;
            graph |= field == 7;
        }
        if (!version || !graph) {
            throw notWhole("ONNX", "it has no graph");
        }
    }

    private record Varint(long value, long end) {
    }

    private static Varint varint(FileChannel channel, long at) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(10);
        channel.read(bytes, at);
        bytes.flip();
        long value = 0;
        for (int shift = 0; bytes.hasRemaining(); shift += 7) {
            byte b = bytes.get();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return new Varint(value, at + bytes.position());
            }
        }
        throw notWhole("ONNX", "it ends in the middle of a number");
    }

    private static void opennlp(FileChannel channel) throws IOException {
        ByteBuffer magic = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        channel.read(magic, 0);
        if (magic.hasRemaining() || magic.getInt(0) != 0x04034b50) {
            throw notWhole("OpenNLP", "it is no zip file");
        }
    }

    /** What it says is checked where it is used. */
    private static void remote(FileChannel channel) throws IOException {
        ByteBuffer first = ByteBuffer.allocate(1);
        channel.read(first, 0);
        if (first.get(0) != '{' || channel.size() > LONGEST_DESCRIPTOR) {
            throw notWhole("REMOTE", "it is no JSON object of at most " + LONGEST_DESCRIPTOR + " bytes");
        }
    }

    static DamagedArtefact notWhole(String format, String why) {
        return new DamagedArtefact("its model is not a whole " + format + " file: " + why + ".");
    }
}
