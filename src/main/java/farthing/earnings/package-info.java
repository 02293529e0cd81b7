/** Who is owed what of each charge. */
@NullMarked
package farthing.earnings;

import org.jspecify.annotations.NullMarked;
