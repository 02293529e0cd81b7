/** The marketplace put together: home, start-up, command line. */
@NullMarked
package farthing.market;

import org.jspecify.annotations.NullMarked;
