package farthing.receipt;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import farthing.chain.Address;
import farthing.receipt.Report.Difference;

/** Rows and credits as they are posted, read entry by entry so that a difference has a name. */
final class Packed {

    private Packed() {
    }

    static void expectRows(String what, byte[] found, String whence, byte[] expected) throws Difference {
        expect(what, entries(what, found, History.ROW), whence, entries(what, expected, History.ROW));
    }

    static void expectCredits(String what, byte[] found, String whence, byte[] expected) throws Difference {
        expect(what, entries(what, found, History.CREDIT), whence, entries(what, expected, History.CREDIT));
    }

    /** Entry i of rows in words, e.g. {@code line 3: 5 micro-units}. */
    static List<String> rows(String what, byte[] rows) throws Difference {
        return entries(what, rows, History.ROW);
    }

    static String row(int line, long micros) {
        return "line " + Integer.toUnsignedString(line) + ": " + Long.toUnsignedString(micros) + " micro-units";
    }

    private static void expect(String what, List<String> found, String whence, List<String> expected) throws Difference {
        for (int i = 0; i < Math.max(found.size(), expected.size()); i++) {
            String one = i < found.size() ? "'" + found.get(i) + "'" : "missing";
            String other = i < expected.size() ? "'" + expected.get(i) + "'" : "none";
            Report.expect(what + ", entry " + (i + 1), one, whence, other);
        }
    }

    private static List<String> entries(String what, byte[] packed, int size) throws Difference {
        if (packed.length % size != 0) {
            throw new Difference(what + " has " + packed.length + " bytes, which are no whole entries of " + size + ".");
        }
        return IntStream.range(0, packed.length / size).mapToObj(i -> {
            ByteBuffer entry = ByteBuffer.wrap(Arrays.copyOfRange(packed, i * size, (i + 1) * size));
            if (size == History.ROW) {
                return row(entry.getInt(), entry.getLong());
            }
            byte[] payee = new byte[20];
            entry.get(payee);
            return "payee " + Address.of(payee) + ": " + Long.toUnsignedString(entry.getLong()) + " micro-units";
        }).toList();
    }
}
