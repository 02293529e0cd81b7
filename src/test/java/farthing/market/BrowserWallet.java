package farthing.market;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

import com.microsoft.playwright.BrowserContext;

import farthing.chain.SigningKey;

/** A wallet as pages find it (EIP-6963): it signs messages, does else what the test says, and sends nothing. */
final class BrowserWallet {

    private static final String SCRIPT = """
            window.walletChain = '0x1';
            const request = async ({ method, params }) => {
              if (method === 'eth_requestAccounts' && window.walletDeclines) throw { code: 4001, message: 'no' };
              if (method === 'eth_requestAccounts') return ['ADDRESS'];
              if (method === 'personal_sign') return window.walletSigns(params[0]);
              if (method === 'eth_chainId') return window.walletChain;
              throw { code: 4001, message: 'no' };
            };
            addEventListener('eip6963:requestProvider', () => dispatchEvent(new CustomEvent('eip6963:announceProvider',
              { detail: { info: { uuid: 'test', name: 'Test wallet' }, provider: { request } } })));
            """;

    private BrowserWallet() {
    }

    /** Pages opened from now on find it as {@code Test wallet}. */
    static void install(BrowserContext browser, SigningKey key) {
        browser.exposeFunction("walletSigns", message -> "0x" + HexFormat.of().formatHex(key.signPersonal(new String(
                HexFormat.of().parseHex(((String) message[0]).substring(2)), StandardCharsets.UTF_8))));
        browser.addInitScript(SCRIPT.replace("ADDRESS", key.address().text()));
    }
}
