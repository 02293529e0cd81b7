package farthing.metering;

import farthing.receipt.ReceiptBody;
import farthing.receipt.Salts;

/**
 * What a receipt says of a call's request and answer, and the salts behind it. Made by the call's own thread: the writer has to
 * hash for all calls.
 *
 * @param body the salt of the receipt's body
 */
record Hashes(Salts salts, byte[] body, byte[] request, byte[] response) {

    static Hashes of(Consumed consumed) {
        Salts salts = Salts.random();
        return new Hashes(salts, salts.body(), ReceiptBody.contentHash(salts.request(), consumed.request()),
                ReceiptBody.contentHash(salts.answer(), consumed.response()));
    }
}
