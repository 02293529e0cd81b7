package farthing.receipt;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

import farthing.chain.Address;
import farthing.chain.Keccak;
import farthing.money.Amount;

/**
 * What the vault hashes of each batch ({@code IUsageVault.historyHash}), and how rows and credits are packed for it. It depends
 * on nothing but calldata, so a batch knows its history hash before it is posted.
 */
public final class History {

    /** As the vault wants payees: by their bytes. The text of an address has capitals, which would sort otherwise. */
    public static final Comparator<Address> ASCENDING = Comparator.comparing(a -> a.text().toLowerCase(Locale.ROOT));

    /** {@code line(4) ‖ debit(8)} */
    static final int ROW = 4 + 8;
    /** {@code payee(20) ‖ amount(8)} */
    static final int CREDIT = 20 + 8;
    private static final long NANOS_PER_MICRO = 1_000;

    private History() {
    }

    /** The hash before anything was posted. */
    public static byte[] genesis(long chainId, Address vault) {
        return Keccak.hash(word(chainId), word(vault.bytes()));
    }

    /** @param before the history hash before the batch @param parent the newest live batch before it, 0 for none */
    public static byte[] afterBatch(byte[] before, long seq, long parent, byte[] receiptsRoot, byte[] rows, byte[] credits) {
        return Keccak.hash(before,
                Keccak.hash(word(seq), word(parent), receiptsRoot, Keccak.hash(rows), Keccak.hash(credits)));
    }

    /** @param seq the number that the void itself takes */
    public static byte[] afterVoid(byte[] before, long seq, long voided) {
        return Keccak.hash(before, Keccak.hash(word(seq), word(voided)));
    }

    /** @param debits by line, whole micro-units, zeros included; put in order here */
    public static byte[] rows(Map<Integer, Amount> debits) {
        SortedMap<Integer, Amount> ordered = new TreeMap<>(Integer::compareUnsigned);
        ordered.putAll(debits);
        ByteBuffer rows = ByteBuffer.allocate(ROW * ordered.size());
        ordered.forEach((line, debit) -> rows.putInt(line).putLong(micros(debit)));
        return rows.array();
    }

    /** @param amounts by payee, whole micro-units; put in order here */
    public static byte[] credits(Map<Address, Amount> amounts) {
        SortedMap<Address, Amount> ordered = new TreeMap<>(ASCENDING);
        ordered.putAll(amounts);
        ByteBuffer credits = ByteBuffer.allocate(CREDIT * ordered.size());
        ordered.forEach((payee, amount) -> credits.put(payee.bytes()).putLong(micros(amount)));
        return credits.array();
    }

    static long micros(Amount whole) {
        if (whole.isNegative() || whole.nanos() % NANOS_PER_MICRO != 0) {
            throw new IllegalArgumentException(whole + " are no whole micro-units");
        }
        return whole.nanos() / NANOS_PER_MICRO;
    }

    static Amount ofMicros(long micros) {
        return Amount.ofNanos(Math.multiplyExact(micros, NANOS_PER_MICRO));
    }

    private static byte[] word(long value) {
        return word(BigInteger.valueOf(value).toByteArray());
    }

    private static byte[] word(byte[] value) {
        return ByteBuffer.allocate(32).put(32 - value.length, value).array();
    }
}
