package farthing.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;

import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class DurationsTest {

    private static final Percentage MEASURED = Percentage.withPercentage(6.3);

    @Test
    void tellsTheTimesWithinSixPercent() {
        Random random = new Random(7);
        long[] micros = random.doubles(10_000, 5, 20).mapToLong(octave -> Math.round(Math.pow(2, octave + 3))).toArray();
        Durations durations = new Durations();
        Arrays.stream(micros).forEach(durations::add);
        Arrays.sort(micros);

        assertThat(durations.count()).isEqualTo(10_000);
        assertThat(durations.within(500).getAsLong()).isCloseTo(micros[4_999], MEASURED);
        assertThat(durations.within(950).getAsLong()).isCloseTo(micros[9_499], MEASURED);
        assertThat(durations.within(1000).getAsLong()).isCloseTo(micros[9_999], MEASURED);
    }

    @Test
    void addsUpHoweverItIsCutAndStored() {
        Durations one = new Durations();
        Durations other = new Durations();
        Durations whole = new Durations();
        for (int i = 1; i < 1000; i++) {
            (i % 3 == 0 ? one : other).add(i * 977L);
            whole.add(i * 977L);
        }
        Durations sum = Durations.of(one.counts());
        sum.add(Durations.of(other.counts()));

        assertThat(sum.counts()).isEqualTo(whole.counts());
    }

    @Test
    void whatIsOutOfBoundsCountsAtTheBounds() {
        Durations durations = new Durations();
        assertThat(durations.within(500)).isEmpty();
        durations.add(0);
        durations.add(-5);
        durations.add(Long.MAX_VALUE);

        assertThat(durations.within(500).getAsLong()).isEqualTo(136);
        assertThat(durations.within(1000).getAsLong()).isCloseTo(1L << 30, MEASURED);
    }
}
