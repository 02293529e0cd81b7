package farthing.chain;

import java.math.BigInteger;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

import org.web3j.abi.EventEncoder;
import org.web3j.abi.datatypes.Event;
import org.web3j.protocol.core.methods.response.Log;
import org.web3j.utils.Numeric;

import farthing.money.Amount;

/** The vault's logs as events. */
final class VaultEvents {

    private static final long NANOS_PER_MICRO = 1000;
    private static final BigInteger MOST_MICROS = BigInteger.valueOf(Long.MAX_VALUE / NANOS_PER_MICRO);

    private static final Map<String, Function<Log, VaultEvent>> BY_TOPIC = Map.ofEntries(
            of(UsageVault.LINEOPENED_EVENT, log -> {
                var e = UsageVault.getLineOpenedEventFromLog(log);
                return new VaultEvent.LineOpened(e.line.intValue(), new Address(e.owner), new Address(e.sessionKey));
            }),
            of(UsageVault.SESSIONKEYREPLACED_EVENT, log -> {
                var e = UsageVault.getSessionKeyReplacedEventFromLog(log);
                return new VaultEvent.SessionKeyReplaced(e.line.intValue(), new Address(e.sessionKey), new Address(e.previous),
                        time(e.previousUntil));
            }),
            of(UsageVault.DEPOSITED_EVENT, log -> {
                var e = UsageVault.getDepositedEventFromLog(log);
                return new VaultEvent.Deposited(e.line.intValue(), new Address(e.from), amount(e.amount));
            }),
            of(UsageVault.CEILINGRAISED_EVENT, log -> {
                var e = UsageVault.getCeilingRaisedEventFromLog(log);
                return new VaultEvent.CeilingRaised(e.line.intValue(), amount(e.ceiling));
            }),
            of(UsageVault.EXITREQUESTED_EVENT, log -> {
                var e = UsageVault.getExitRequestedEventFromLog(log);
                return new VaultEvent.ExitRequested(e.line.intValue(), time(e.exitAt));
            }),
            of(UsageVault.EXITED_EVENT, log -> {
                var e = UsageVault.getExitedEventFromLog(log);
                return new VaultEvent.Exited(e.line.intValue(), new Address(e.to), amount(e.amount));
            }),
            of(UsageVault.POSTED_EVENT, log -> {
                var e = UsageVault.getPostedEventFromLog(log);
                return new VaultEvent.Posted(e.seq.longValueExact(), Numeric.toHexString(e.historyHash),
                        Numeric.toHexString(e.receiptsRoot), amount(e.debited), amount(e.credited));
            }),
            of(UsageVault.VOIDED_EVENT, log -> {
                var e = UsageVault.getVoidedEventFromLog(log);
                return new VaultEvent.Voided(e.seq.longValueExact(), e.voided.longValueExact(),
                        Numeric.toHexString(e.historyHash));
            }),
            of(UsageVault.WITHDRAWN_EVENT, log -> {
                var e = UsageVault.getWithdrawnEventFromLog(log);
                return new VaultEvent.Withdrawn(new Address(e.payee), new Address(e.to), amount(e.amount));
            }),
            of(UsageVault.PAYOUTCHOSEN_EVENT, log -> {
                var e = UsageVault.getPayoutChosenEventFromLog(log);
                return new VaultEvent.PayoutChosen(new Address(e.account), new Address(e.to));
            }));

    private VaultEvents() {
    }

    /** Empty for events that nobody books from. */
    static Optional<VaultEvent> decode(Log log) {
        Function<Log, VaultEvent> decoder = log.getTopics().isEmpty() ? null : BY_TOPIC.get(log.getTopics().getFirst());
        return decoder == null ? Optional.empty() : Optional.of(decoder.apply(log));
    }

    private static Map.Entry<String, Function<Log, VaultEvent>> of(Event event, Function<Log, VaultEvent> decoder) {
        return Map.entry(EventEncoder.encode(event), decoder);
    }

    /** Anyone may deposit absurd sums of a worthless token, or raise a ceiling to the most it can be. */
    private static Amount amount(BigInteger micros) {
        return Amount.ofNanos(micros.min(MOST_MICROS).longValueExact() * NANOS_PER_MICRO);
    }

    private static Instant time(BigInteger seconds) {
        return Instant.ofEpochSecond(seconds.longValueExact());
    }
}
