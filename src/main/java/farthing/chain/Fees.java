package farthing.chain;

import java.math.BigInteger;

/**
 * What is bid, in wei for a unit of gas (EIP-1559).
 *
 * @param most base fee and tip together
 */
record Fees(BigInteger most, BigInteger tip) {

    private static final BigInteger EIGHT = BigInteger.valueOf(8);
    /** Above this many times what the node recommends, waiting is cheaper than bidding. */
    private static final BigInteger HIGHEST = BigInteger.valueOf(20);

    /** Good while the base fee doubles. */
    static Fees recommended(BigInteger baseFee, BigInteger tip) {
        return new Fees(baseFee.shiftLeft(1).add(tip), tip);
    }

    /** At least an eighth more of both, below which nodes do not replace a transaction. */
    Fees raised(Fees recommended) {
        return new Fees(eighthMore(most).max(recommended.most), eighthMore(tip).max(recommended.tip));
    }

    boolean isHighEnough(Fees recommended) {
        return most.compareTo(recommended.most.multiply(HIGHEST)) > 0;
    }

    BigInteger cost(BigInteger gas) {
        return most.multiply(gas);
    }

    private static BigInteger eighthMore(BigInteger fee) {
        return fee.add(fee.add(EIGHT).subtract(BigInteger.ONE).divide(EIGHT)).add(BigInteger.ONE);
    }
}
