package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ReducedMotion;

/**
 * {@code ./farthing screenshots}: every page of {@link PageTable}, light and dark, narrow and wide, for looking at. Not among
 * the
 * tests: its name does not end like theirs.
 */
class Screenshots {

    private static final List<Integer> WIDTHS = List.of(360, 1440);
    private static final List<ColorScheme> THEMES = List.of(ColorScheme.LIGHT, ColorScheme.DARK);

    private final Path folder = Path.of(System.getProperty("farthing.screenshots", "target/screenshots")).toAbsolutePath();
    private final List<String> faults = new ArrayList<>();

    @Test
    void areTaken(@TempDir Path data) throws Exception {
        Files.createDirectories(folder);
        StringBuilder index = new StringBuilder(
                """
                        <!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Farthing, every page</title>
                        <style>body { font: 16px sans-serif; margin: 24px } figure { display: inline-block; margin: 0 16px 32px 0;
                        vertical-align: top } img { height: 480px; border: 1px solid #999; object-fit: cover; object-position: top }</style>
                        """);
        try (FarthingProcess server = FarthingProcess.ready(data, PageTable.SETTINGS); Chromium chromium = new Chromium()) {
            List<PageTable.Sight> sights = PageTable.prepare(server);
            for (PageTable.Who who : PageTable.Who.values()) {
                for (int width : WIDTHS) {
                    take(server, chromium, who, width, sights.stream().filter(sight -> sight.who() == who).toList());
                }
            }
            for (PageTable.Sight sight : sights) {
                index.append("<h2>").append(sight.path().replace("&", "&amp;")).append(" · ")
                        .append(sight.who().name().toLowerCase(Locale.ROOT)).append("</h2>\n");
                for (int width : WIDTHS) {
                    for (ColorScheme theme : THEMES) {
                        String file = file(sight, width, theme);
                        index.append("<figure><a href=\"%s\"><img src=\"%s\" alt=\"%s\"></a></figure>%n".formatted(file, file,
                                file));
                    }
                }
            }
        }
        Files.writeString(folder.resolve("index.html"), index);
        System.out.println("farthing: look at " + folder.resolve("index.html"));
        assertThat(faults).as("pages that are not as they should be").isEmpty();
    }

    private void take(FarthingProcess server, Chromium chromium, PageTable.Who who, int width, List<PageTable.Sight> sights) {
        if (sights.isEmpty()) {
            return;
        }
        try (BrowserContext context = chromium.browser.newContext(
                new Browser.NewContextOptions().setViewportSize(width, 800).setReducedMotion(ReducedMotion.REDUCE))) {
            Page page = context.newPage();
            if (who != PageTable.Who.NOBODY) {
                page.navigate(server.uri("/sign-in").toString());
                page.locator("[aria-label='Sign in as " + who.label + "']").click();
                page.locator(".menu summary").waitFor();
            }
            for (PageTable.Sight sight : sights) {
                for (ColorScheme theme : THEMES) {
                    page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(theme));
                    int status = page.navigate(server.uri(sight.path()).toString()).status();
                    page.evaluate("document.fonts.ready");
                    int wide = (Integer) page.evaluate("document.documentElement.scrollWidth");
                    if (status >= 400) {
                        faults.add(sight.path() + " answers " + status + " to " + who + ".");
                    }
                    if (wide > width) {
                        faults.add(
                                sight.path() + " scrolls sideways: it is " + wide + " px wide on a screen of " + width + ".");
                    }
                    page.screenshot(new Page.ScreenshotOptions().setFullPage(true)
                            .setPath(folder.resolve(file(sight, width, theme))));
                }
            }
        }
    }

    private static String file(PageTable.Sight sight, int width, ColorScheme theme) {
        return sight.name() + "-" + width + "-" + theme.name().toLowerCase(Locale.ROOT) + ".png";
    }
}
