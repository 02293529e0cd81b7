/** The HTTP API of calls, in OpenAI's wire format: authenticate, reserve, run, charge, answer. */
@NullMarked
package farthing.inference;

import org.jspecify.annotations.NullMarked;
