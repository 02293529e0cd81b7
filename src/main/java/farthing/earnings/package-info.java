/** Who is owed what: shares of calls, held-back pools, statements. */
@NullMarked
package farthing.earnings;

import org.jspecify.annotations.NullMarked;
