package farthing.web;

import org.jspecify.annotations.Nullable;

/**
 * Who looks at a page.
 *
 * @param account number of the account; identity gives it its type
 * @param handle shown in the top bar
 * @param wallet address where the account is paid, whole; null without a wallet
 * @param operator whether it runs the site
 */
public record Viewer(long account, String handle, @Nullable String wallet, boolean operator) {
}
