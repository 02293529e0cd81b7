/** What a call may spend and what it did spend: leases, reservations, the durable group commit, usage pages and receipts. */
@NullMarked
package farthing.metering;

import org.jspecify.annotations.NullMarked;
