package farthing.identity;

import farthing.web.Problem;

/** Nobody here, or no role, has that name. */
public final class NoSuchAccount extends Problem {

    private NoSuchAccount(String code, String message) {
        super(404, code, message);
    }

    static NoSuchAccount named(String handle) {
        return new NoSuchAccount("no_such_account",
                "No account here has the name '" + handle + "'. Check it for typing errors.");
    }

    static NoSuchAccount role(String role) {
        return new NoSuchAccount("no_such_role", "There is no role '" + role + "': there are developer, curator and operator.");
    }
}
