package farthing.ledger;

/**
 * One budget of one payer.
 *
 * @param value unsigned 32 bits, as in a batch row
 */
public record LineId(int value) {

    @Override
    public String toString() {
        return Integer.toUnsignedString(value);
    }
}
