/** Files kept under the SHA-256 of what is in them. */
@NullMarked
package farthing.blob;

import org.jspecify.annotations.NullMarked;
