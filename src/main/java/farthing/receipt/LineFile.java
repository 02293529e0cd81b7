package farthing.receipt;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Consumer;

import farthing.money.Amount;

/**
 * The receipts of one line in one batch, as they are published: sections one after the other, each
 * {@code lease 8 ‖ firstSeq 4 ‖ count 4} and then count rows {@code version 4 ‖ charge 8 ‖ bodyHash 32 ‖ sharesHash 32}, all
 * big-endian. A section is a longest run of consecutive sequence numbers of one lease; sections ascend by lease, as an unsigned
 * number, and first sequence number. A million receipts are the 76 MB of this file and nothing beside it.
 */
public final class LineFile {

    private static final int HEAD = 8 + 4 + 4;
    private static final int ROW = 4 + 8 + 32 + 32;

    private final int line;
    private final byte[] bytes;
    private final ByteBuffer buffer;
    private final int[] starts;
    private final int receipts;
    private final Amount charges;

    private LineFile(int line, byte[] bytes) {
        this.line = line;
        this.bytes = bytes;
        buffer = ByteBuffer.wrap(bytes);
        starts = checkedStarts();
        receipts = Arrays.stream(starts).map(this::countAt).sum();
        charges = checkedCharges();
    }

    /** @throws MalformedFile naming the section or the receipt that is wrong */
    public static LineFile read(int line, byte[] bytes) {
        return new LineFile(line, bytes);
    }

    public static Writer writer(int line) {
        return new Writer(line);
    }

    /** What the file of that line is called beside its manifest. */
    public static String name(int line) {
        return "line-" + Integer.toUnsignedString(line) + ".bin";
    }

    public int line() {
        return line;
    }

    /** What is published; not to be changed. */
    public byte[] bytes() {
        return bytes;
    }

    public int receipts() {
        return receipts;
    }

    /** The sum of all charges. */
    public Amount charges() {
        return charges;
    }

    public int sections() {
        return starts.length;
    }

    public long lease(int section) {
        return buffer.getLong(starts[section]);
    }

    public int firstSeq(int section) {
        return buffer.getInt(starts[section] + 8);
    }

    public int count(int section) {
        return countAt(starts[section]);
    }

    /** @param index from 0, less than {@link #count} */
    public Receipt receipt(int section, int index) {
        int row = starts[section] + HEAD + index * ROW;
        return new Receipt(line, lease(section), firstSeq(section) + index, buffer.getInt(row),
                Amount.ofNanos(buffer.getLong(row + 4)), Arrays.copyOfRange(bytes, row + 12, row + 44),
                Arrays.copyOfRange(bytes, row + 44, row + ROW));
    }

    /** In the order of the file. */
    public void forEach(Consumer<Receipt> action) {
        for (int section = 0; section < sections(); section++) {
            for (int i = 0; i < count(section); i++) {
                action.accept(receipt(section, i));
            }
        }
    }

    private int countAt(int start) {
        return buffer.getInt(start + 12);
    }

    private int[] checkedStarts() {
        int[] found = new int[16];
        int sections = 0;
        int at = 0;
        while (at < bytes.length) {
            if (bytes.length - at < HEAD) {
                throw malformed("it ends within the head of a section");
            }
            long lease = buffer.getLong(at);
            int firstSeq = buffer.getInt(at + 8);
            int count = countAt(at);
            String section = "lease " + HexFormat.of().toHexDigits(lease) + ", section from seq " + firstSeq;
            if (firstSeq < 0 || count < 1 || firstSeq + (long) count > 1L << 31) {
                throw malformed(section + ": it has " + count + " receipts, and sequence numbers have 31 bits");
            }
            if ((bytes.length - at - HEAD) / ROW < count) {
                throw malformed(section + ": the file ends before its " + count + " receipts");
            }
            if (sections > 0) {
                checkOrder(found[sections - 1], at, section);
            }
            if (sections == found.length) {
                found = Arrays.copyOf(found, 2 * sections);
            }
            found[sections++] = at;
            at += HEAD + count * ROW;
        }
        if (sections == 0) {
            throw malformed("it holds no receipt");
        }
        return Arrays.copyOf(found, sections);
    }

    private void checkOrder(int before, int at, String section) {
        int order = Long.compareUnsigned(buffer.getLong(before), buffer.getLong(at));
        long next = buffer.getInt(before + 8) + (long) countAt(before);
        if (order > 0 || order == 0 && buffer.getInt(at + 8) < next) {
            throw malformed(section + ": it does not come after the section before it");
        }
        if (order == 0 && buffer.getInt(at + 8) == next) {
            throw malformed(section + ": it continues the section before it, and has to be one with it");
        }
    }

    private Amount checkedCharges() {
        long sum = 0;
        for (int section = 0; section < sections(); section++) {
            for (int i = 0; i < count(section); i++) {
                long charge = buffer.getLong(starts[section] + HEAD + i * ROW + 4);
                // A sum that overflows turns negative.
                if (charge < 0 || (sum += charge) < 0) {
                    throw malformed("lease " + HexFormat.of().toHexDigits(lease(section)) + ", seq " + (firstSeq(section) + i)
                            + ": the charge " + Long.toUnsignedString(charge) + " is more than any line can pay");
                }
            }
        }
        return Amount.ofNanos(sum);
    }

    private MalformedFile malformed(String why) {
        return new MalformedFile(name(line), why);
    }

    /** Writes the file of a line from its receipts, given in the order of lease, as an unsigned number, and seq. */
    public static final class Writer {

        private final int line;
        private ByteBuffer buffer = ByteBuffer.allocate(1 << 12);
        private int start = -1;

        private Writer(int line) {
            this.line = line;
        }

        /** @throws IllegalArgumentException for a receipt of another line or one that does not come after the one before */
        public Writer add(Receipt receipt) {
            if (receipt.line() != line) {
                throw new IllegalArgumentException("a receipt of line " + receipt.line() + " in the file of line " + line);
            }
            if (!continues(receipt)) {
                room(HEAD);
                start = buffer.position();
                buffer.putLong(receipt.lease()).putInt(receipt.seq()).putInt(0);
            }
            room(ROW);
            buffer.putInt(receipt.version()).putLong(receipt.charge().nanos()).put(receipt.bodyHash())
                    .put(receipt.sharesHash()).putInt(start + 12, buffer.getInt(start + 12) + 1);
            return this;
        }

        private boolean continues(Receipt receipt) {
            if (start < 0) {
                return false;
            }
            long lease = buffer.getLong(start);
            int next = buffer.getInt(start + 8) + buffer.getInt(start + 12);
            int order = Long.compareUnsigned(lease, receipt.lease());
            if (order > 0 || order == 0 && receipt.seq() < next) {
                throw new IllegalArgumentException("receipts ascend by lease and seq");
            }
            return order == 0 && receipt.seq() == next;
        }

        private void room(int more) {
            if (buffer.remaining() < more) {
                buffer = ByteBuffer.allocate(Math.multiplyExact(2, buffer.capacity())).put(buffer.flip());
            }
        }

        /** @throws MalformedFile when no receipt was added */
        public LineFile file() {
            return new LineFile(line, Arrays.copyOf(buffer.array(), buffer.position()));
        }
    }
}
