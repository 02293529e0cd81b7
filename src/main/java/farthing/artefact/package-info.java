/** What a model version consists of, and whether the store still holds exactly that. */
@NullMarked
package farthing.artefact;

import org.jspecify.annotations.NullMarked;
