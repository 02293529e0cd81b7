package farthing.market;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.options.AriaRole;

import farthing.chain.SigningKey;
import farthing.chain.Wallet;

/** A wallet that has never been here, from nothing to a budget that a key can spend. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ResourceLock(Chromium.ONE)
class BudgetsIT {

    private static final LocatorAssertions.ContainsTextOptions IN_BLOCKS = new LocatorAssertions.ContainsTextOptions()
            .setTimeout(60_000);

    private final FarthingProcess server;
    private final Chromium chromium;
    private final List<String> complaints = new ArrayList<>();

    BudgetsIT(@TempDir Path folder) {
        chromium = new Chromium();
        server = FarthingProcess.ready(folder);
    }

    @AfterAll
    void close() {
        server.close();
        chromium.close();
    }

    @Test
    void whatAWalletRefusesIsSaidAtItsStep() {
        SigningKey key = SigningKey.generate(new SecureRandom());
        try (BrowserContext browser = chromium.browser.newContext()) {
            BrowserWallet.install(browser, key);
            Page page = browser.newPage();
            page.navigate(server.uri("/sign-in?next=/budgets").toString());
            button(page, "Sign in with Test wallet").click();
            Locator begin = page.locator("section:has(> h2#begin)");
            Locator failed = begin.locator("[data-state=failed]");
            begin.getByRole(AriaRole.BUTTON).click();
            assertThat(failed).containsText("The wallet is on chain 1, and the vault stands on chain 31337.");
            page.evaluate("window.walletDeclines = true");
            begin.getByRole(AriaRole.BUTTON).click();
            assertThat(failed).containsText("You declined in the wallet");
            page.evaluate("window.walletDeclines = false; window.walletChain = '0x7a69'");
            begin.getByRole(AriaRole.BUTTON).click();
            assertThat(failed).containsText("Your wallet has only $0.00 of the token");
        }
    }

    @Test
    void aNewcomerOpensALineDepositsAndAllowsCallsToSpendIt() throws Exception {
        try (BrowserContext browser = chromium.browser.newContext(); Wallet chain = Wallet.fresh(server.facts())) {
            browser.onConsoleMessage(message -> {
                if (message.type().equals("error") || message.type().equals("warning")) {
                    complaints.add(message.text());
                }
            });
            Page page = browser.newPage();
            page.navigate(server.uri("/sign-in?next=/budgets").toString());
            button(page, "Sign in as Data contributor").click();

            Locator begin = page.locator("section:has(> h2#begin)");
            begin.getByLabel("Amount").fill("0.05");
            begin.getByRole(AriaRole.BUTTON).click();
            assertThat(begin.locator("[data-state=failed]")).containsText("The least to deposit is $0.10");
            begin.getByLabel("Amount").fill("5000");
            begin.getByRole(AriaRole.BUTTON).click();
            assertThat(begin.locator("[data-state=failed]")).containsText("Your wallet has only $1000.00 of the token",
                    IN_BLOCKS);
            assertThat(page.locator("article.budget-line")).hasCount(0);

            Locator line = page.locator("article.budget-line");
            // Blocks for transactions only, so that none becomes final before it was seen on its way.
            chain.anvil("evm_setAutomine", true);
            try {
                begin.getByLabel("Amount").fill("5");
                begin.getByRole(AriaRole.BUTTON).click();
                assertThat(line).containsText("Ceiling raised to $5.00", IN_BLOCKS);
                assertThat(line).containsText(Pattern.compile("\\d of \\d blocks"), IN_BLOCKS);
                page.reload();
                assertThat(line).containsText(Pattern.compile("\\d of \\d blocks"));
            } finally {
                chain.anvil("evm_setIntervalMining", 1);
            }
            // Nobody reloads it: the page asks again by itself.
            assertThat(line.locator(".figures div").filter(new Locator.FilterOptions().setHasText("Left")))
                    .containsText("$5.00", IN_BLOCKS);

            line.getByText("Raise the ceiling").click();
            line.getByLabel("New ceiling").fill("4");
            line.getByText("Sign it").click();
            assertThat(line.locator("[data-state=failed]")).containsText("The ceiling is $5.00 already");
            line.getByLabel("New ceiling").fill("6");
            line.getByText("Sign it").click();
            assertThat(line.locator("[data-state=done]")).containsText("sent to the vault");
            assertThat(line).containsText("Ceiling raised to $6.00", IN_BLOCKS);
        }
        assertThat(complaints).isEmpty();
    }

    private static Locator button(Page page, String name) {
        return page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name).setExact(true));
    }
}
