package farthing.metering;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

import farthing.catalog.SplitPart;
import farthing.money.Amount;

/** A receipt as its page shows it; the template says what each part is. */
record ReceiptView(String id, String idShort, String jsonHref, @Nullable Instant at, String version, String versionHref,
        String task, String line, String lease, long seq, @Nullable String offer, @Nullable Payer payer, @Nullable String key,
        boolean opened, List<Row> rows, Amount charge, List<SplitPart> split, List<Check> checks,
        List<Hash> hashes, boolean batched, String command) {

    record Payer(String address, String addressShort) {
    }

    record Row(String label, long units, String price, Amount amount) {
    }

    record Check(String label, String kind, String state, String text, @Nullable String href, @Nullable String linkLabel) {
    }

    record Hash(String label, String value, String valueShort, @Nullable String href) {
    }
}
