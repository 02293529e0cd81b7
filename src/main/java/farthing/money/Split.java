package farthing.money;

/**
 * How one charge is divided, in basis points that add up to 10,000. Frozen per version.
 *
 * @param developer who published the version
 * @param baseModel royalty to the model it was made from
 * @param dataPool to the people whose data shaped the answer, divided by the call's shares
 * @param validators to those who check versions and contributions
 * @param platform to the marketplace
 */
public record Split(int developer, int baseModel, int dataPool, int validators, int platform) {

    public static final int WHOLE = 10_000;

    public Split {
        if (developer < 0 || baseModel < 0 || dataPool < 0 || validators < 0 || platform < 0
                || (long) developer + baseModel + dataPool + validators + platform != WHOLE) {
            throw new IllegalArgumentException("a split is five parts ≥ 0 that add up to 10,000 basis points");
        }
    }

    /** The five sums; they add up to the charge exactly (largest remainder). */
    public Parts divide(Amount charge) {
        Amount[] parts = charge.dividedByLargestRemainder(developer, baseModel, dataPool, validators, platform);
        return new Parts(parts[0], parts[1], parts[2], parts[3], parts[4]);
    }

    /** One charge divided; the names are those of {@link Split}. */
    public record Parts(Amount developer, Amount baseModel, Amount dataPool, Amount validators, Amount platform) {

        public static final Parts NONE = new Parts(Amount.ZERO, Amount.ZERO, Amount.ZERO, Amount.ZERO, Amount.ZERO);

        public Parts plus(Parts more) {
            return new Parts(developer.plus(more.developer), baseModel.plus(more.baseModel), dataPool.plus(more.dataPool),
                    validators.plus(more.validators), platform.plus(more.platform));
        }
    }
}
