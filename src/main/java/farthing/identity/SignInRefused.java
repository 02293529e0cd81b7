package farthing.identity;

import farthing.web.Problem;

/** Why a sign-in did not succeed. Each is answered by signing a new message. */
public abstract sealed class SignInRefused extends Problem {

    private SignInRefused(String code, String message) {
        super(401, code, message);
    }

    static final class UnknownNonce extends SignInRefused {
        UnknownNonce() {
            super("unknown_nonce", "This sign-in was not begun here or has expired. Press Sign in again to get a new message.");
        }
    }

    static final class ReusedNonce extends SignInRefused {
        ReusedNonce() {
            super("reused_nonce",
                    "This sign-in message was used already; each counts once. Press Sign in again to get a new one.");
        }
    }

    static final class Expired extends SignInRefused {
        Expired() {
            super("expired_message", "The sign-in message was signed too late. Press Sign in again to get a new one.");
        }
    }

    static final class WrongSigner extends SignInRefused {
        WrongSigner(String wanted, String signer) {
            super("wrong_signer", "The message was for " + wanted + " but signed by " + signer
                    + ". Choose the same account in the wallet and sign in again.");
        }
    }
}
