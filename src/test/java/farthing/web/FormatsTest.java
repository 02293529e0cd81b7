package farthing.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import farthing.money.Amount;

class FormatsTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0                    | $0.00
            1                    | $0.000 000 001
            412                  | $0.000 000 412
            412000               | $0.000 412
            412500               | $0.000 412 500
            999999               | $0.000 999 999
            1000001              | $0.001 000
            10000000             | $0.01
            12345678             | $0.012 345
            500000000            | $0.50
            999999999            | $0.999 999
            1000000000           | $1.00
            1000000999           | $1.000 000
            1999999999           | $1.999 999
            24999958000          | $24.999 958
            25000000000          | $25.00
            1234500000000        | $1,234.50
            -412000              | −$0.000 412
            9223372036854775807  | $9,223,372,036.854 775
            -9223372036854775808 | −$9,223,372,036.854 775
            """)
    void writesMoneyWithThePrecisionItNeeds(long nanos, String text) {
        assertThat(Formats.dollars(Amount.ofNanos(nanos)).replace('\u00a0', ' ')).isEqualTo(text);
    }

    @Test
    void fillsUpWhatAColumnNeedsToLineUpItsPoints() {
        for (long nanos : new long[] { 0, 5, 412_000, 412_001, 2_000_000, 25_000_000_000L, 24_999_958_000L }) {
            Amount amount = Amount.ofNanos(nanos);
            String filled = Formats.dollars(amount) + Formats.filler(amount);
            assertThat(filled.substring(filled.indexOf('.'))).hasSize(".000 000 000".length());
        }
    }

    @Test
    void writesExactNanos() {
        assertThat(Formats.exact(Amount.ofNanos(412_000))).isEqualTo("412,000 nanos");
    }

    @ParameterizedTest
    @CsvSource({ "-10,just now", "10,in a moment", "-60,1 minute ago", "-119,1 minute ago", "-7200,2 hours ago",
            "86400,in 1 day",
            "-2592000,1 month ago", "-63072000,2 years ago" })
    void writesTimeRelativeToNow(long seconds, String text) {
        Instant now = Instant.parse("2026-01-02T03:04:05Z");
        assertThat(Formats.relative(now.plusSeconds(seconds), now)).isEqualTo(text);
        assertThat(Formats.exact(now)).isEqualTo("2 Jan 2026, 03:04:05 UTC");
    }

    @ParameterizedTest
    @CsvSource({ "5,5000000000", "0.50,500000000", "$0.000000412,412", "12.345678901,12345678901", " 1 ,1000000000" })
    void readsDollars(String text, long nanos) {
        assertThat(Dollars.parse(text)).contains(Amount.ofNanos(nanos));
    }

    @ParameterizedTest
    @CsvSource({ "''", "0", "0.0", "-1", "1e3", "'1,000'", "0.0000000001", "NaN", "1234567890", "five" })
    void refusesWhatIsNoAmountAboveZero(String text) {
        assertThat(Dollars.parse(text)).isEmpty();
    }

    @Test
    void shortensInTheMiddle() {
        assertThat(Shortened.of("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")).isEqualTo("0x5aAeb6…1BeAed");
        assertThat(Shortened.of("wren/kjv")).isEqualTo("wren/kjv");
    }
}
