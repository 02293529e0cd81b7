package farthing.identity;

import farthing.web.Problem;

/** What was asked for cannot be done with this wallet; the message says why. */
public final class WalletRefused extends Problem {

    private WalletRefused(int status, String code, String message) {
        super(status, code, message);
    }

    static WalletRefused notYours() {
        return new WalletRefused(404, "no_such_wallet",
                "No such wallet is linked to your account. It may have been unlinked meanwhile; your wallets are at /account.");
    }

    static WalletRefused linkedHere(String address) {
        return new WalletRefused(409, "wallet_linked", address + " is linked to this account already.");
    }

    static WalletRefused linkedElsewhere(String address) {
        return new WalletRefused(409, "wallet_taken", address
                + " belongs to another account here, and a wallet belongs to one account only. Sign in with it to use that account,"
                + " or unlink it there first.");
    }

    static WalletRefused kept(String why) {
        return new WalletRefused(409, "wallet_kept", why);
    }
}
