package farthing.payment;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

import farthing.chain.Address;
import farthing.ledger.LineId;
import farthing.money.Amount;
import farthing.web.Formats;
import farthing.web.Problem;

/** A signed ceiling that the vault would not count, or not for long enough. */
final class VoucherRefused extends Problem {

    private VoucherRefused(int status, String message) {
        super(status, "voucher_refused", message);
    }

    static VoucherRefused unreadable() {
        return new VoucherRefused(422, "The voucher cannot be read: line, ceiling (micro-units), deadline (seconds since 1970)"
                + " and chain must be whole numbers within their types. Sign one at /budgets.");
    }

    static VoucherRefused noSuchLine(LineId line) {
        return new VoucherRefused(404,
                "Line " + line + " is none of yours that the chain has opened; your lines are at /budgets.");
    }

    static VoucherRefused left(LineId line) {
        return new VoucherRefused(422, "Line " + line + " was left and its rest is paid out; open another at /budgets.");
    }

    static VoucherRefused otherChain(long signed, long ours) {
        return new VoucherRefused(422, "The voucher is signed for chain " + signed + ", and the vault stands on chain " + ours
                + "; sign again with the wallet switched to that chain.");
    }

    static VoucherRefused otherVault(Address signed, Address ours) {
        return new VoucherRefused(422,
                "The voucher is signed for the vault " + signed + ", and this one is " + ours + "; sign it for this vault.");
    }

    static VoucherRefused otherLine(LineId signed, LineId asked) {
        return new VoucherRefused(422,
                "The voucher is signed for line " + signed + ", not for line " + asked + "; sign one for line " + asked + ".");
    }

    static VoucherRefused notHigher(LineId line, Amount now) {
        return new VoucherRefused(422, "The ceiling of line " + line + " is " + Formats.dollars(now)
                + " already; a ceiling only rises, so sign one above that.");
    }

    static VoucherRefused tooHigh() {
        return new VoucherRefused(422, "A ceiling of more than " + Formats.dollars(LineFacts.MOST)
                + " is not taken; sign a lower one.");
    }

    static VoucherRefused tooShort(Instant deadline, Duration least) {
        return new VoucherRefused(422, "The voucher runs out at " + Formats.exact(deadline) + ", less than " + least.toHours()
                + " hours away by the chain's time; sign one with a later deadline.");
    }

    static VoucherRefused otherSigner(Address signer, LineId line) {
        return new VoucherRefused(422, "The signature is by " + signer + ", neither the owner nor the session key of line "
                + line
                + ". One made for another line, ceiling, chain or vault reads like that too; sign again. A wallet that is a"
                + " contract raises the ceiling by a transaction instead.");
    }

    static VoucherRefused tooMany(LineId line) {
        return new VoucherRefused(429, "Line " + line + " has vouchers on their way already; wait until they are in a block.");
    }

    static VoucherRefused chainUnread() {
        return new VoucherRefused(503, "The chain was not read yet; try again in a moment.");
    }

    @Override
    public Optional<String> param() {
        return Optional.of("voucher");
    }
}
