package farthing.settlement;

import java.util.Optional;

import farthing.web.NextStep;
import farthing.web.Problem;

class NoSuchBatch extends Problem {

    NoSuchBatch(long seq) {
        super(404, "batch_not_found", "There is no batch " + seq + ". Voids take numbers too, and have no batch.");
    }

    NoSuchBatch(String text) {
        super(404, "batch_not_found", "'" + (text.length() > 20 ? text.substring(0, 20) + "…" : text)
                + "' is not the number of a batch; it is a whole number from 1 on.");
    }

    NoSuchBatch(long seq, int line) {
        super(404, "line_not_found", "Batch " + seq + " has no receipts of line " + Integer.toUnsignedString(line)
                + "; its manifest lists those that it has.");
    }

    @Override
    public Optional<NextStep> nextStep() {
        return Optional.of(new NextStep("All batches", "/batches"));
    }
}
