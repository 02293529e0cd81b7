package farthing.onchain;

import java.time.Instant;

import farthing.catalog.VersionId;
import farthing.chain.Address;
import farthing.web.Formats;
import farthing.web.Problem;

/** A statement that cannot be sent to the registry. */
final class StatementRefused extends Problem {

    private StatementRefused(int status, String message) {
        super(status, "statement_refused", message);
    }

    static StatementRefused noSuchVersion(VersionId version) {
        return new StatementRefused(404, "There is no version with the index " + Integer.toUnsignedString(version.value())
                + " that you may state; a version's page has a link that says Record on chain.");
    }

    static StatementRefused nothingLeft() {
        return new StatementRefused(409, "The version and its offers are stated already, so there is nothing to sign.");
    }

    static StatementRefused changed() {
        return new StatementRefused(409,
                "What was signed is not what is to be stated now: the offers changed meanwhile, or some"
                        + " of it is sent already. Ask for it again and sign that.");
    }

    static StatementRefused otherSigner(Address wanted) {
        return new StatementRefused(422,
                "The signature is not by " + wanted + ", the wallet that is paid for this version and so"
                        + " states it. Switch the wallet to that account and sign again.");
    }

    static StatementRefused deadline(Instant deadline) {
        return new StatementRefused(422, "The statement's deadline, " + Formats.exact(deadline)
                + ", is past or more than a week away. Ask for it again and sign that.");
    }

    static StatementRefused tooMany(int most) {
        return new StatementRefused(429,
                "This server pays for " + most + " statements of an account in a day, and these would be"
                        + " more. Send them tomorrow, or send the transaction yourself.");
    }
}
