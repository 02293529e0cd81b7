/** What is offered: models, their immutable versions and dated offers, and the pages to find them. */
@NullMarked
package farthing.catalog;

import org.jspecify.annotations.NullMarked;
