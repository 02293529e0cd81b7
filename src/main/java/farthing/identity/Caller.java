package farthing.identity;

import farthing.ledger.LineId;

/** Who makes a call, and on whose budget. */
public record Caller(ApiKeyId key, AccountId account, LineId line, KeyLimits limits, ReplayKey replayKey) {
}
