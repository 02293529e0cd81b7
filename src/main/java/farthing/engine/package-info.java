/** Runs artefacts in worker processes and counts what a call consumed. */
@NullMarked
package farthing.engine;

import org.jspecify.annotations.NullMarked;
