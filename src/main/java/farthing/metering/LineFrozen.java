package farthing.metering;

import farthing.ledger.LineId;
import farthing.web.Problem;

/** The line has money but takes no new calls. */
class LineFrozen extends Problem {

    LineFrozen(LineId line, FreezeReason reason) {
        super(402, "line_frozen", reason.sentence("Line " + line));
    }
}
