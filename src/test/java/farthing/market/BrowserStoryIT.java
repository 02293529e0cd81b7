package farthing.market;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.regex.Pattern;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.gson.JsonObject;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.CDPSession;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Request;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ReducedMotion;

/** What a newcomer does with a mouse, a thumb, a keyboard or without script. */
// The long ones first.
@Order(4)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ResourceLock(Chromium.ONE)
class BrowserStoryIT {

    private static final int MOST_BYTES = 150_000;

    private final FarthingProcess server;
    private final Chromium chromium;
    private final ObjectMapper json = new ObjectMapper();

    /** What the browser's console complained about: script errors, breaches of the content security policy, missing files. */
    private final List<String> complaints = new ArrayList<>();

    BrowserStoryIT(@TempDir Path folder) {
        chromium = new Chromium();
        server = FarthingProcess.ready(folder, PageTable.SETTINGS);
    }

    @AfterAll
    void close() {
        server.close();
        chromium.close();
    }

    @AfterEach
    void nothingBrokeOnTheWay() {
        List<String> found = List.copyOf(complaints);
        complaints.clear();
        assertThat(found).isEmpty();
    }

    @Test
    void aNewcomerSignsInMakesAKeyCallsAndFindsTheCallItsChargeAndItsReceipt() throws Exception {
        try (BrowserContext browser = browser(new Browser.NewContextOptions())) {
            Page page = signedIn(browser, "/keys");
            long before = budgetLeft(page);

            page.getByLabel("Name", new Page.GetByLabelOptions().setExact(true)).fill("story");
            page.getByLabel("Total limit").fill("0.01");
            button(page, "Create key").click();
            String secret = page.getByLabel("The new key", new Page.GetByLabelOptions().setExact(true)).innerText().strip();
            assertThat(secret).startsWith("fk_");
            page.navigate(url("/keys"));
            assertThat(page.content()).as("a key is shown once").doesNotContain(secret);

            LocalDate day = LocalDate.now(ZoneOffset.UTC);
            HttpResponse<String> answer = call(secret);
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            String receipt = answer.headers().firstValue("Farthing-Receipt").orElseThrow();
            long charge = Long.parseLong(answer.headers().firstValue("Farthing-Charge").orElseThrow());
            int out = json.readTree(answer.body()).at("/usage/completion_tokens").asInt();

            page.navigate(url("/usage"));
            assertThat(budgetLeft(page)).isEqualTo(before - charge);
            Locator row = page.getByRole(AriaRole.ROW)
                    .filter(new Locator.FilterOptions().setHas(page.locator("a[href='/receipts/" + receipt + "']")));
            assertThat(row).containsText("wren/kjv");
            assertThat(row).containsText("story");
            assertThat(row).containsText(out + " out");
            assertThat(nanos(row.locator(".money"))).isEqualTo(charge);

            row.locator("a[href='/receipts/" + receipt + "']").click();
            assertThat(page.getByRole(AriaRole.HEADING, new Page.GetByRoleOptions().setName("Receipt").setExact(true)))
                    .isVisible();
            assertThat(nanos(page.locator(".receipt tfoot .money"))).isEqualTo(charge);
            assertThat(sum(page.locator(".receipt tbody .money"))).as("units × price").isEqualTo(charge);
            assertThat(sum(page.locator(".receipt .split .money"))).as("who is paid").isEqualTo(charge);
            assertThat(page.locator(".checks .done").first()).containsText("Signed: yes");

            page.navigate(url("/keys"));
            Locator key = page.getByRole(AriaRole.ROW).filter(new Locator.FilterOptions().setHasText("story"));
            long spentToday = nanos(key.locator("[data-label='Spent today'] .money").first());
            if (day.equals(LocalDate.now(ZoneOffset.UTC))) {
                assertThat(spentToday).isEqualTo(charge);
            }

            page.locator(".menu summary").click();
            button(page, "Sign out").click();
            assertThat(page.locator(".top").getByRole(AriaRole.LINK, new Locator.GetByRoleOptions().setName("Sign in")))
                    .isVisible();
            page.navigate(url("/keys"));
            assertThat(page).hasURL(Pattern.compile(".*/sign-in\\?next=.*"));
        }
    }

    @Test
    void thePlaygroundAnswersStopsAndShowsTheChargeOfTheReceipt() throws Exception {
        String axe = Files.readString(Path.of("src/test/node/node_modules/axe-core/axe.min.js"));
        Map<String, Long> charges = new LinkedHashMap<>();
        try (BrowserContext browser = browser(new Browser.NewContextOptions().setReducedMotion(ReducedMotion.REDUCE))) {
            Page page = browser.newPage();
            page.navigate(url("/models/wren/kjv?tab=playground"));
            page.locator("#tabs").getByRole(AriaRole.LINK, new Locator.GetByRoleOptions().setName("Sign in")).click();
            signIn(page);
            assertThat(page).hasURL(url("/models/wren/kjv?tab=playground#tabs"));
            assertThat(page.locator("[data-cost]")).containsText("at most 64 out");
            long before = budgetLeft(page);
            page.getByLabel("Text to continue").press("Control+Enter");
            long charge = shownCharge(page, charges);
            assertThat(page.locator("[data-used]")).containsText("8 tokens in");
            assertThat(page.locator("[data-text]")).not().isEmpty();
            assertThat(page.locator("[data-left] .money")).hasAttribute("value", Long.toString(before - charge));
            assertThat(budgetLeft(page)).isEqualTo(before - charge);

            // The client reads so slowly that it is in the middle, whatever the model's speed.
            CDPSession network = browser.newCDPSession(page);
            page.getByLabel("Most tokens of answer").fill("180");
            throttle(network, 2_000);
            button(page, "Run").click();
            page.locator("[data-text]:not(:empty)").waitFor();
            page.keyboard().press("Escape");
            throttle(network, -1);
            shownCharge(page, charges);
            assertThat(page.locator("[data-used]")).containsText("stopped");

            page.getByLabel("Text to continue").fill("begat ".repeat(300));
            button(page, "Run").click();
            assertThat(page.locator("[data-error]")).containsText("takes at most");

            page.navigate(url("/models/wren/minilm-l6-v2?tab=playground"));
            button(page, "Run").click();
            shownCharge(page, charges);
            assertThat(page.locator(".matrix td")).hasCount(16);
            List<String> alike = page.locator(".matrix tbody tr:first-child td").allInnerTexts();
            assertThat(alike.getFirst()).isEqualTo("1.00");
            assertThat(Double.parseDouble(alike.get(1))).isGreaterThan(Double.parseDouble(alike.get(2)));
            assertAccessible(page, axe);

            page.navigate(url("/models/wren/langdetect?tab=playground"));
            assertThat(page.locator("[data-cost]")).hasText("Costs $0.000\u00a0002: 1 text.");
            button(page, "Run").click();
            shownCharge(page, charges);
            assertThat(page.locator(".bars tbody tr:first-child")).containsText("German (deu)");
            assertAccessible(page, axe);

            page.navigate(url("/usage"));
            for (Map.Entry<String, Long> one : charges.entrySet()) {
                Locator row = page.getByRole(AriaRole.ROW)
                        .filter(new Locator.FilterOptions().setHas(page.locator("a[href='" + one.getKey() + "']")));
                assertThat(nanos(row.locator(".money"))).isEqualTo(one.getValue());
                assertThat(server.get(one.getKey()).body()).contains("value=\"" + one.getValue() + "\"");
            }
            assertThat(charges).hasSize(4);
        }
        // What was too long was meant to be refused; a stopped call's receipt is there a moment later.
        complaints.removeIf(one -> one.contains("400 (Bad Request)") || one.contains("404 (Not Found)"));
    }

    /** Of the call that ends now, noted under its receipt's address. */
    private static long shownCharge(Page page, Map<String, Long> charges) {
        page.locator("[data-left] .money").waitFor();
        long charge = nanos(page.locator("[data-charged] .money"));
        charges.put(page.locator("[data-receipt] a").getAttribute("href"), charge);
        return charge;
    }

    private static void throttle(CDPSession network, int bytesInASecond) {
        JsonObject conditions = new JsonObject();
        conditions.addProperty("offline", false);
        conditions.addProperty("latency", 0);
        conditions.addProperty("downloadThroughput", bytesInASecond);
        conditions.addProperty("uploadThroughput", -1);
        network.send("Network.emulateNetworkConditions", conditions);
    }

    @Test
    void everythingFitsAPhoneAndIsLight() throws Exception {
        List<Request> requests = new CopyOnWriteArrayList<>();
        visit(new Browser.NewContextOptions().setViewportSize(360, 740).setHasTouch(true), page -> {
            // What the browser before it left unfinished cannot be asked any more.
            requests.clear();
            // Each page as if it were the first.
            CDPSession network = page.context().newCDPSession(page);
            network.send("Network.enable");
            network.send("Network.setCacheDisabled", disabled());
            page.onRequestFinished(requests::add);
        }, (page, path) -> {
            Map<String, Integer> bytes = new LinkedHashMap<>();
            for (Request request : List.copyOf(requests)) {
                bytes.merge(request.url(), request.sizes().responseBodySize, Integer::sum);
            }
            requests.clear();
            assertThat(bytes.values().stream().mapToInt(Integer::intValue).sum()).as(path + " sends " + bytes)
                    .isBetween(10_000, MOST_BYTES);
            assertThat((Integer) page.evaluate("document.documentElement.scrollWidth")).as(path + " is as wide as the phone")
                    .isLessThanOrEqualTo(360);
            assertThat((List<?>) page.evaluate(
                    """
                            [...document.querySelectorAll('button, .button, select, summary, input:not([type=checkbox], [type=radio], [type=hidden])')]
                              .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44)
                              .map(e => e.outerHTML)"""))
                    .as(path + " has nothing too small for a thumb").isEmpty();
        });
        try (BrowserContext phone = browser(new Browser.NewContextOptions().setViewportSize(360, 740).setHasTouch(true))) {
            Page page = signedIn(phone, "/");
            page.locator(".menu summary").tap();
            assertThat(button(page, "Sign out")).isInViewport();
        }
    }

    @Test
    void axeFindsNothingSeriousInEitherTheme() throws Exception {
        String axe = Files.readString(Path.of("src/test/node/node_modules/axe-core/axe.min.js"));
        visit(new Browser.NewContextOptions().setReducedMotion(ReducedMotion.REDUCE),
                (page, path) -> assertAccessible(page, axe));
    }

    private static JsonObject disabled() {
        JsonObject disabled = new JsonObject();
        disabled.addProperty("cacheDisabled", true);
        return disabled;
    }

    @Test
    void theKeyboardReachesEverything() {
        try (BrowserContext browser = browser(new Browser.NewContextOptions().setColorScheme(ColorScheme.LIGHT))) {
            Page page = signedIn(browser, "/models");
            page.navigate(url("/models"));
            page.keyboard().press("Tab");
            assertThat(page.getByText("Skip to the content")).isFocused();
            assertThat(page.getByText("Skip to the content")).isInViewport();
            page.keyboard().press("Enter");
            page.keyboard().press("Tab");
            assertThat(page.locator("main :focus")).hasCount(1);

            page.keyboard().press("/");
            assertThat(page.getByLabel("Search models")).isFocused();
            page.keyboard().type("bible");
            page.keyboard().press("Enter");
            assertThat(page).hasURL(Pattern.compile(".*/models\\?q=bible"));
            assertThat(page.locator(".model")).containsText("wren/kjv");

            page.getByLabel("Use the dark theme").press("Enter");
            page.reload();
            assertThat(page.locator("html")).hasAttribute("data-theme", "dark");

            page.locator(".menu summary").press("Enter");
            page.keyboard().press("Tab");
            assertThat(page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Usage"))).isFocused();
            page.keyboard().press("Escape");
            assertThat(page.locator(".menu summary")).isFocused();
            assertThat(button(page, "Sign out")).isHidden();
        }
    }

    @Test
    void modelsAreFoundWhileTypingAndComparedByTicking() {
        try (BrowserContext browser = browser(new Browser.NewContextOptions())) {
            Page page = browser.newPage();
            page.navigate(url("/models"));
            Locator count = page.locator("#count");
            String all = count.innerText();
            page.locator("#models-q").pressSequentially("retriev");
            assertThat(page.locator(".model")).hasCount(1);
            assertThat(page.locator(".model")).containsText("wren/bge-small");
            assertThat(count).containsText("1 model");
            assertThat(page.locator("#models-q")).isFocused();
            assertThat(page.locator("#facets")).containsText("embedding");
            assertThat(page).hasURL(url("/models?q=retriev"));

            page.locator("#models-q").fill("");
            assertThat(count).hasText(all);
            page.getByLabel("completion").check();
            assertThat(page.locator(".model")).hasCount(1);
            assertThat(page.getByLabel("completion")).isFocused();
            assertThat(page).hasURL(url("/models?task=completion"));
            page.getByLabel("Compare wren/kjv").check();
            page.getByLabel("completion").uncheck();
            page.getByLabel("Compare wren/langdetect").check();
            page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Compare 2")).click();
            assertThat(page.locator(".compare thead th")).hasCount(2);
            assertThat(page.locator(".compare tr.differs").filter(new Locator.FilterOptions().setHasText("Engine")))
                    .isVisible();

            page.goBack();
            page.goBack();
            assertThat(page).hasURL(url("/models?m=wren/kjv"));
            assertThat(page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Compare 1"))).isVisible();
        }
        // Whoever types or ticks on gives up the search before, and htmx logs that. One that failed is logged otherwise, too.
        complaints.removeIf(one -> one.contains("htmx:sendAbort") || one.contains("htmx:afterRequest"));
    }

    @Test
    void keysAndSearchWorkWithoutScript() {
        try (BrowserContext scripted = browser(new Browser.NewContextOptions())) {
            signedIn(scripted, "/");
            try (BrowserContext plain = browser(
                    new Browser.NewContextOptions().setJavaScriptEnabled(false).setStorageState(scripted.storageState()))) {
                Page page = plain.newPage();
                page.navigate(url("/models"));
                page.locator("#models-q").fill("retrieval");
                button(page, "Search").click();
                assertThat(page).hasURL(Pattern.compile(".*q=retrieval.*"));
                assertThat(page.locator(".models")).containsText("wren/bge-small");

                page.navigate(url("/models/wren/kjv?tab=playground"));
                assertThat(page.locator("[data-playground]")).containsText("needs script");
                assertThat(page.locator("[data-playground] pre")).containsText("curl");

                page.navigate(url("/keys"));
                page.getByLabel("Name", new Page.GetByLabelOptions().setExact(true)).fill("plain");
                button(page, "Create key").click();
                assertThat(page.getByLabel("The new key", new Page.GetByLabelOptions().setExact(true))).containsText("fk_");
                page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Revoke plain")).click();
                button(page, "Revoke key").click();
                page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Show")).click();
                assertThat(page.getByRole(AriaRole.ROW).filter(new Locator.FilterOptions().setHasText("plain")))
                        .containsText("revoked");
            }
        }
    }

    private BrowserContext browser(Browser.NewContextOptions options) {
        BrowserContext context = chromium.browser.newContext(options);
        context.onConsoleMessage(message -> {
            if (message.type().equals("error") || message.type().equals("warning")) {
                complaints.add(message.page().url() + ": " + message.text());
            }
        });
        context.onWebError(error -> complaints.add(error.error()));
        return context;
    }

    private Page signedIn(BrowserContext context, String next) {
        Page page = context.newPage();
        page.navigate(url("/sign-in?next=" + next));
        signIn(page);
        assertThat(page).hasURL(url(next));
        return page;
    }

    /** One click; the page's script signs with the wallet of the trial's caller. */
    private static void signIn(Page page) {
        button(page, "Sign in as Caller").click();
        assertThat(page.locator(".budget")).isVisible();
    }

    private static Locator button(Page page, String name) {
        return page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name).setExact(true));
    }

    private void visit(Browser.NewContextOptions options, BiConsumer<Page, String> check) throws Exception {
        visit(options, _ -> {
        }, check);
    }

    /** Every page of the table, as each of the people who have some there. */
    private void visit(Browser.NewContextOptions options, Consumer<Page> begin, BiConsumer<Page, String> check)
            throws Exception {
        List<PageTable.Sight> sights = PageTable.prepare(server);
        for (PageTable.Who who : PageTable.Who.values()) {
            try (BrowserContext context = browser(options)) {
                Page page = context.newPage();
                if (who != PageTable.Who.NOBODY) {
                    page.navigate(url("/sign-in"));
                    button(page, "Sign in as " + who.label).click();
                    assertThat(page.locator(".menu summary")).isVisible();
                }
                begin.accept(page);
                for (PageTable.Sight sight : sights) {
                    if (sight.who() == who) {
                        assertThat(page.navigate(url(sight.path())).status()).as(sight.path()).isEqualTo(200);
                        check.accept(page, sight.path());
                    }
                }
            }
        }
    }

    private HttpResponse<String> call(String secret) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(server.uri("/v1/completions")).header("Authorization", "Bearer " + secret)
                .POST(HttpRequest.BodyPublishers.ofString("""
                        {"model": "wren/kjv", "prompt": "In the beginning", "max_tokens": 12}"""))
                .build();
        return FarthingProcess.HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private String url(String path) {
        return server.uri(path).toString();
    }

    private static long budgetLeft(Page page) {
        return nanos(page.locator(".budget .money"));
    }

    private static long nanos(Locator money) {
        return Long.parseLong(money.getAttribute("value"));
    }

    private static long sum(Locator amounts) {
        return amounts.all().stream().mapToLong(BrowserStoryIT::nanos).sum();
    }

    /** Everything in one theme; in the other what depends on colours, as the rest is the same. */
    private static void assertAccessible(Page page, String axe) {
        // Evaluated by the browser's debugger, which the page's content security policy does not bind.
        page.evaluate(axe);
        for (Map.Entry<ColorScheme, String> look : Map.of(ColorScheme.LIGHT, "", ColorScheme.DARK,
                "{ runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } }").entrySet()) {
            page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(look.getKey()));
            Object found = page.evaluate("""
                    async () => (await axe.run(%s)).violations
                      .filter(v => v.impact === 'serious' || v.impact === 'critical')
                      .map(v => ({ rule: v.id, help: v.help, where: v.nodes.map(n => n.html).join('\\n') }))"""
                    .formatted(look.getValue()));
            assertThat((List<?>) found).as(page.url() + " in " + look.getKey()).isEqualTo(List.<Map<String, String>> of());
        }
    }
}
