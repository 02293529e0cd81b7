/** Who somebody is: accounts, sign-in with a wallet, lines, API keys. */
@NullMarked
package farthing.identity;

import org.jspecify.annotations.NullMarked;
