package farthing.catalog;

import java.util.Arrays;
import java.util.OptionalLong;

/**
 * How long calls took, counted in buckets of fixed bounds, so that the counts of several servers and days just add up: eight
 * buckets between each power of two microseconds and the next, from 128 µs to 18 minutes. What is read out is the middle of a
 * bucket, at most 6 % off. Not safe for use by several threads.
 */
public final class Durations {

    private static final int FIRST_OCTAVE = 7;
    private static final int LAST_OCTAVE = 29;
    private static final int IN_OCTAVE = 8;
    private static final int BUCKETS = (LAST_OCTAVE - FIRST_OCTAVE + 1) * IN_OCTAVE;

    private final int[] counts = new int[BUCKETS];
    /** Buckets from here on are empty. */
    private int end;

    /** With counts as {@link #counts} gave them. */
    public static Durations of(Integer[] counts) {
        Durations durations = new Durations();
        for (int i = 0; i < Math.min(counts.length, BUCKETS); i++) {
            durations.add(i, counts[i]);
        }
        return durations;
    }

    public void add(long micros) {
        add(bucket(micros), 1);
    }

    public void add(Durations others) {
        for (int i = 0; i < others.end; i++) {
            add(i, others.counts[i]);
        }
    }

    private void add(int bucket, int calls) {
        counts[bucket] = Math.addExact(counts[bucket], calls);
        if (calls > 0) {
            end = Math.max(end, bucket + 1);
        }
    }

    public long count() {
        return Arrays.stream(counts, 0, end).asLongStream().sum();
    }

    /** Without the empty buckets at the end. */
    public Integer[] counts() {
        return Arrays.stream(counts, 0, end).boxed().toArray(Integer[]::new);
    }

    /**
     * The time within which so many of a thousand calls were done; empty while there are none.
     *
     * @return microseconds
     */
    public OptionalLong within(int ofThousand) {
        long rank = Math.max(1, (count() * ofThousand + 999) / 1000);
        long seen = 0;
        for (int i = 0; i < end; i++) {
            seen += counts[i];
            if (seen >= rank) {
                return OptionalLong.of((lowest(i) + lowest(i + 1)) / 2);
            }
        }
        return OptionalLong.empty();
    }

    private static int bucket(long micros) {
        long clamped = Math.clamp(micros, 1L << FIRST_OCTAVE, (1L << (LAST_OCTAVE + 1)) - 1);
        int octave = Long.SIZE - 1 - Long.numberOfLeadingZeros(clamped);
        return (octave - FIRST_OCTAVE) * IN_OCTAVE + (int) (clamped >> (octave - 3)) % IN_OCTAVE;
    }

    private static long lowest(int bucket) {
        return (long) (IN_OCTAVE + bucket % IN_OCTAVE) << (bucket / IN_OCTAVE + FIRST_OCTAVE - 3);
    }
}
