package farthing.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;

import org.junit.jupiter.api.Test;

class TextOutTest {

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void aCharacterOfSeveralTokensComesOutWhole() {
        var out = new TextOut(List.of());
        byte[] smile = utf8("\uD83D\uDE42");

        assertThat(out.add(utf8("a"))).isEqualTo("a");
        for (int i = 0; i < 3; i++) {
            assertThat(out.add(new byte[] { smile[i] })).isEmpty();
        }
        assertThat(out.tokens()).isEqualTo(1);
        assertThat(out.add(new byte[] { smile[3] })).isEqualTo("\uD83D\uDE42");
        assertThat(out.tokens()).isEqualTo(5);
    }

    @Test
    void bytesThatAreNoCharacterAreNotWaitedFor() {
        var out = new TextOut(List.of());

        assertThat(out.add(new byte[] { (byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80 })).hasSize(4);
        assertThat(out.add(new byte[] { (byte) 0xe2 })).isEmpty();
        assertThat(out.add(utf8("x"))).isEqualTo("\uFFFDx");
    }

    @Test
    void whatEndsInTheMiddleOfACharacterIsShownAsBroken() {
        var out = new TextOut(List.of());
        assertThat(out.add(new byte[] { (byte) 0xe2 })).isEmpty();

        assertThat(out.end()).isEqualTo("\uFFFD");
        assertThat(out.tokens()).isEqualTo(1);
    }

    @Test
    void whatCouldBecomeAStopSequenceIsHeldBack() {
        var out = new TextOut(List.of("END", "NEVER"));

        assertThat(out.add(utf8("The E"))).isEqualTo("The ");
        assertThat(out.add(utf8("N"))).isEmpty();
        assertThat(out.add(utf8("E"))).isEqualTo("E");
        assertThat(out.add(utf8("W END now"))).isEqualTo("NEW ");
        assertThat(out.stopped()).isTrue();
    }

    @Test
    void heldBackTextComesOutWhenTheAnswerEndsOtherwise() {
        var out = new TextOut(List.of("END"));
        assertThat(out.add(utf8("The EN"))).isEqualTo("The ");

        assertThat(out.end()).isEqualTo("EN");
        assertThat(out.tokens()).isEqualTo(1);
    }

    @Test
    void theEarliestStopSequenceCounts() {
        var out = new TextOut(List.of("later", "soon"));

        assertThat(out.add(utf8("soon or later"))).isEmpty();
        assertThat(out.stopped()).isTrue();
        assertThat(out.tokens()).isZero();
        assertThat(out.end()).isEmpty();
    }

    @Test
    void tokensWithoutTextCountWithWhatStandsBeforeThem() {
        var out = new TextOut(List.of("END"));
        var _ = out.add(utf8("a"));
        var _ = out.add(new byte[0]);
        var _ = out.add(utf8("E"));
        var _ = out.add(new byte[0]);

        assertThat(out.tokens()).isEqualTo(2);
        assertThat(out.end()).isEqualTo("E");
        assertThat(out.tokens()).isEqualTo(4);
    }
}
