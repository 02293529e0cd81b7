package farthing.identity;

import java.util.Set;

/**
 * Somebody as their organisation knows them.
 *
 * @param name by which they sign in there
 * @param roles that the organisation gives them
 * @param scopes what a bearer token of theirs is for; all of them in a browser
 */
record Member(String issuer, String subject, String name, Set<Role> roles, Set<Scope> scopes) {
}
