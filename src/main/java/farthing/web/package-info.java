/**
 * What every page and API shares: layout, session, CSRF, and the one place where a {@link farthing.web.Problem} becomes an
 * answer.
 */
@NullMarked
package farthing.web;

import org.jspecify.annotations.NullMarked;
