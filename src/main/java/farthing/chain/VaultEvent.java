package farthing.chain;

import java.time.Instant;

import farthing.money.Amount;

/**
 * What the vault said. Lines are unsigned 32 bits. Amounts are whole micro-units; one beyond what an {@link
 * Amount} holds is the largest it can hold.
 */
public sealed interface VaultEvent {

    record LineOpened(int line, Address owner, Address sessionKey) implements VaultEvent {
    }

    record SessionKeyReplaced(int line, Address sessionKey, Address previous, Instant previousUntil) implements VaultEvent {
    }

    record Deposited(int line, Address from, Amount amount) implements VaultEvent {
    }

    record CeilingRaised(int line, Amount ceiling) implements VaultEvent {
    }

    record ExitRequested(int line, Instant exitAt) implements VaultEvent {
    }

    record Exited(int line, Address to, Amount amount) implements VaultEvent {
    }

    /** @param historyHash after it, 32 bytes as hex */
    record Posted(long seq, String historyHash, String receiptsRoot, Amount debited, Amount credited) implements VaultEvent {
    }

    /** @param seq the number that the void itself took */
    record Voided(long seq, long voided, String historyHash) implements VaultEvent {
    }

    record Withdrawn(Address payee, Address to, Amount amount) implements VaultEvent {
    }

    record PayoutChosen(Address account, Address to) implements VaultEvent {
    }
}
