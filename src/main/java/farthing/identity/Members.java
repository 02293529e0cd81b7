package farthing.identity;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

import jakarta.enterprise.context.RequestScoped;

import org.eclipse.microprofile.jwt.JsonWebToken;
import org.jose4j.jwt.consumer.ErrorCodes;
import org.jose4j.jwt.consumer.InvalidJwtException;

import io.quarkus.oidc.OIDCException;
import io.quarkus.oidc.OidcSession;
import io.quarkus.security.AuthenticationCompletionException;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.UnauthorizedException;
import io.quarkus.security.identity.CurrentIdentityAssociation;
import io.quarkus.security.identity.SecurityIdentity;
import io.smallrye.mutiny.TimeoutException;

/**
 * Whom the organisation says the current request comes from. It is asked only here: no other request of a login is looked at.
 */
@RequestScoped
class Members {

    /** A provider may take the connection and then say nothing. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String SCOPE_PREFIX = "farthing:";

    private final Organisation organisation;
    private final CurrentIdentityAssociation identities;
    private final OidcSession session;

    Members(Organisation organisation, CurrentIdentityAssociation identities, OidcSession session) {
        this.organisation = organisation;
        this.identities = identities;
        this.session = session;
    }

    /**
     * The person at the browser.
     *
     * @throws UnauthorizedException when they have to log in first; Quarkus answers it by sending the browser to the provider
     * @throws OrganisationRefused when that cannot be
     */
    Member ofBrowser() {
        SecurityIdentity identity = browserIdentity();
        if (identity.isAnonymous()) {
            organisation.requireThere();
            throw new UnauthorizedException();
        }
        return member(identity, EnumSet.allOf(Scope.class));
    }

    /** From now on our own session says who it is. */
    void forgetBrowser() {
        session.logout().await().indefinitely();
    }

    /** @throws TokenRefused naming what is wrong with the token */
    Member ofBearer() {
        try {
            SecurityIdentity identity = identities.getDeferredIdentity().await().atMost(PATIENCE);
            if (identity.isAnonymous()) {
                throw new TokenRefused.Foreign(organisation.label());
            }
            return member(identity, scopes((JsonWebToken) identity.getPrincipal()));
        } catch (AuthenticationFailedException e) {
            throw refused(e);
        } catch (OIDCException | TimeoutException e) {
            throw organisation.away();
        }
    }

    private SecurityIdentity browserIdentity() {
        if (!organisation.offered()) {
            throw new OrganisationRefused.NotOffered();
        }
        try {
            return identities.getDeferredIdentity().await().atMost(PATIENCE);
        } catch (AuthenticationCompletionException | AuthenticationFailedException e) {
            throw organisation.notCompleted();
        } catch (OIDCException | TimeoutException e) {
            throw organisation.away();
        }
    }

    private TokenRefused refused(AuthenticationFailedException e) {
        if (e.getCause() instanceof InvalidJwtException wrong) {
            if (wrong.hasErrorCode(ErrorCodes.EXPIRED)) {
                return new TokenRefused.Expired(organisation.label());
            }
            if (wrong.hasErrorCode(ErrorCodes.AUDIENCE_INVALID) || wrong.hasErrorCode(ErrorCodes.AUDIENCE_MISSING)) {
                return new TokenRefused.OtherAudience(organisation.clientId());
            }
        }
        return new TokenRefused.Foreign(organisation.label());
    }

    private static Member member(SecurityIdentity identity, Set<Scope> scopes) {
        JsonWebToken token = (JsonWebToken) identity.getPrincipal();
        Set<Role> roles = EnumSet.noneOf(Role.class);
        for (Role role : Role.values()) {
            if (identity.getRoles().contains(role.name().toLowerCase(Locale.ROOT))) {
                roles.add(role);
            }
        }
        String name = token.getClaim("preferred_username");
        return new Member(token.getIssuer(), token.getSubject(), name == null ? token.getSubject() : name, roles, scopes);
    }

    /** A token that was not narrowed to some of our scopes is for all of them. */
    private static Set<Scope> scopes(JsonWebToken token) {
        Set<Scope> found = EnumSet.noneOf(Scope.class);
        String text = token.getClaim("scope");
        List<String> words = text == null ? List.of() : List.of(text.strip().split("\\s+"));
        for (Scope scope : Scope.values()) {
            if (words.contains(SCOPE_PREFIX + scope.name().toLowerCase(Locale.ROOT))) {
                found.add(scope);
            }
        }
        return found.isEmpty() ? EnumSet.allOf(Scope.class) : found;
    }
}
