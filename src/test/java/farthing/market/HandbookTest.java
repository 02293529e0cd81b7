package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import farthing.catalog.Snippets.Snippet;
import farthing.market.Handbook.Chapter;

class HandbookTest {

    private static final Map<String, String> PLACES = Map.of("base", "https://models.example.org", "model", "wren/kjv");
    /** What calls run through. */
    private static final List<String> OF_CALLS = List.of("inference", "engine", "metering", "ledger");

    @ParameterizedTest
    @EnumSource
    void everyChapterIsFilledInAndHasATitleAndLinksThatLeadSomewhere(Chapter chapter) throws IOException {
        Handbook.Page page = read(chapter);
        String text = page.parts().stream().map(String::valueOf).collect(Collectors.joining());

        assertThat(page.title()).isNotBlank();
        assertThat(text).doesNotContain("{{", "owner/name");
        Set<String> chapters = Stream.of(Chapter.values()).map(Chapter::href).collect(Collectors.toSet());
        assertThat(Pattern.compile("href=\"(/docs[^\"#]*)").matcher(text).results().map(found -> found.group(1)))
                .isSubsetOf(chapters);
    }

    @Test
    void aTableSaysOnAPhoneWhatEachCellIs() {
        assertThat(read(Chapter.API).parts().getFirst().html()).asString().contains("<table class=\"cards\">",
                "data-label=\"What it does\"", "scope=\"col\"");
    }

    @Test
    void aSnippetStandsBetweenTheTextAroundIt() {
        assertThat(read(Chapter.CALLERS).parts()).filteredOn(part -> part.samples().size() == 2).isNotEmpty()
                .allSatisfy(part -> assertThat(part.html()).isNull());
        assertThat(read(Chapter.CALLERS).sections()).extracting(Handbook.Section::id).contains("stream", "limits");
    }

    /** Each error that a call can meet is in the table, and the table has no other. */
    @Test
    void everyErrorOfACallIsExplained() throws IOException {
        String table = Files.readString(Path.of("frontend-templates/docs/api.md"));
        Set<String> codes = new TreeSet<>();
        for (String noun : OF_CALLS) {
            try (Stream<Path> files = Files.walk(Path.of("src/main/java/farthing").resolve(noun))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    codes.addAll(all("super\\(\\d{3}, \"([a-z_]+)\"", Files.readString(file)));
                }
            }
        }
        // Said to its developer, when the endpoint is listed.
        codes.remove("wrong_endpoint");
        assertThat(all("`([a-z_]+)`", table)).containsAll(codes);
    }

    private static Set<String> all(String pattern, String text) {
        return Pattern.compile(pattern).matcher(text).results().map((MatchResult found) -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Handbook.Page read(Chapter chapter) {
        return Handbook.read(chapter, PLACES,
                name -> List.of(new Snippet("curl", "curl " + name), new Snippet("Python", name)));
    }
}
