package farthing.identity;

import java.net.URI;
import java.util.Optional;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** Login with OpenID Connect; without a URL there is none. */
@ConfigMapping(prefix = "farthing.oidc")
interface OrganisationConfig {

    /** The issuer; of Keycloak, {@code https://host/realms/name}. */
    Optional<URI> url();

    @WithDefault("farthing")
    String clientId();

    /** At least 32 characters: cookies of a login under way are encrypted with it. */
    Optional<String> clientSecret();

    /** What the button says after "Sign in with". */
    @WithDefault("your organisation")
    String label();

    /**
     * Whether the client's service account may manage users: Keycloak is then told who is a developer and who is deactivated.
     */
    @WithDefault("false")
    boolean admin();
}
