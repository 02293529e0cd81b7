package farthing.web;

/**
 * Who looks at a page.
 *
 * @param account number of the account; identity gives it its type
 * @param handle shown in the top bar
 * @param wallet address of the account's wallet, whole
 */
public record Viewer(long account, String handle, String wallet) {
}
