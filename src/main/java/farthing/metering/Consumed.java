package farthing.metering;

import java.time.Instant;

/**
 * A call that has run.
 *
 * @param request the bytes of the request, to be hashed
 * @param response the bytes of what was delivered, to be hashed
 * @param streamed whether it was delivered piece by piece
 * @param abandoned whether the client left before the end; the units are then what was delivered
 */
public record Consumed(Units units, byte[] request, byte[] response, boolean streamed, boolean abandoned, Instant startedAt) {
}
