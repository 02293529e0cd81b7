package farthing.identity;

import farthing.web.Problem;

/** Why a signed message does not prove whose wallet it is. Each is mended by signing a new message. */
public abstract sealed class SignInRefused extends Problem {

    private SignInRefused(String code, String message) {
        super(401, code, message);
    }

    static final class UnknownNonce extends SignInRefused {
        UnknownNonce() {
            super("unknown_nonce",
                    "This message to sign was not made for you here, or has expired. Press the button again to get a new one.");
        }
    }

    static final class ReusedNonce extends SignInRefused {
        ReusedNonce() {
            super("reused_nonce",
                    "This message was signed and used already; each counts once. Press the button again to get a new one.");
        }
    }

    static final class Expired extends SignInRefused {
        Expired() {
            super("expired_message", "The message was signed too late. Press the button again to get a new one.");
        }
    }

    static final class WrongSigner extends SignInRefused {
        WrongSigner(String wanted, String signer) {
            super("wrong_signer", "The message was for " + wanted + " but signed by " + signer
                    + ". Choose the same account in the wallet and press the button again.");
        }
    }
}
