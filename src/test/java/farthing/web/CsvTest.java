package farthing.web;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CsvTest {

    @Test
    void aTextStaysOneFieldWhateverIsInIt() {
        assertThat(Csv.quoted("a \"b\", c\nd")).isEqualTo("\"a \"\"b\"\", c\nd\"");
        assertThat(Csv.quoted("")).isEqualTo("\"\"");
    }

    @ParameterizedTest
    @ValueSource(strings = { "=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1" })
    void noSpreadsheetRunsAText(String text) {
        assertThat(Csv.quoted(text)).isEqualTo("\"'" + text + "\"");
    }
}
