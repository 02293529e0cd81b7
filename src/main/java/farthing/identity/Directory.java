package farthing.identity;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.persistence.EntityManager;

import org.eclipse.microprofile.context.ManagedExecutor;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.keycloak.OAuth2Constants;
import org.keycloak.admin.client.Keycloak;
import org.keycloak.admin.client.KeycloakBuilder;
import org.keycloak.admin.client.resource.RealmResource;
import org.keycloak.admin.client.resource.RoleScopeResource;
import org.keycloak.admin.client.resource.UserResource;
import org.keycloak.representations.idm.RoleRepresentation;
import org.keycloak.representations.idm.UserRepresentation;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.scheduler.Scheduled;

/**
 * Tells the organisation's Keycloak who became a developer here and whose account was deactivated or reactivated: at once, and
 * when it was away, as soon as it is back. What is still to be told is seen from the tables, so that no telling is lost.
 */
@ApplicationScoped
class Directory {

    private static final Logger LOG = Logger.getLogger(Directory.class);
    private static final String DEVELOPER = "developer";
    private static final int AT_ONCE = 100;

    private record Untold(String issuer, String subject, String name, boolean developer, boolean deactivated,
            boolean knownDeveloper, boolean knownDeactivated) {
    }

    private final OrganisationConfig config;
    private final Organisation organisation;
    private final EntityManager database;
    private final ManagedExecutor executor;
    private final @Nullable Keycloak keycloak;
    private final ReentrantLock oneAtATime = new ReentrantLock();
    private volatile boolean away;

    Directory(OrganisationConfig config, Organisation organisation, EntityManager database, ManagedExecutor executor) {
        this.config = config;
        this.organisation = organisation;
        this.database = database;
        this.executor = executor;
        this.keycloak = organisation.administered()
                ? KeycloakBuilder.builder().serverUrl(organisation.server()).realm(organisation.realm())
                        .grantType(OAuth2Constants.CLIENT_CREDENTIALS).clientId(config.clientId())
                        .clientSecret(config.clientSecret().orElseThrow()).build()
                : null;
    }

    @PreDestroy
    void close() {
        if (keycloak != null) {
            keycloak.close();
        }
    }

    void granted(@Observes(during = TransactionPhase.AFTER_SUCCESS) RoleGranted event) {
        tellSoon();
    }

    void revoked(@Observes(during = TransactionPhase.AFTER_SUCCESS) RoleRevoked event) {
        tellSoon();
    }

    void deactivated(@Observes(during = TransactionPhase.AFTER_SUCCESS) AccountDeactivated event) {
        tellSoon();
    }

    void reactivated(@Observes(during = TransactionPhase.AFTER_SUCCESS) AccountReactivated event) {
        tellSoon();
    }

    private void tellSoon() {
        if (keycloak != null) {
            executor.execute(this::tell);
        }
    }

    @Scheduled(every = "15s", delayed = "5s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void tell() {
        if (keycloak == null) {
            return;
        }
        oneAtATime.lock();
        try {
            List<Untold> untold = untold();
            if (!untold.isEmpty() && answers()) {
                RealmResource realm = keycloak.realm(organisation.realm());
                untold.forEach(one -> tell(realm, one));
            }
        } finally {
            oneAtATime.unlock();
        }
    }

    private boolean answers() {
        try {
            organisation.requireThere();
            if (away) {
                LOG.infof("Keycloak answers again and is told what it missed");
            }
            away = false;
        } catch (OrganisationRefused e) {
            if (!away) {
                LOG.warnf("Keycloak at %s does not answer; roles and deactivations are told to it when it is back",
                        config.url().orElseThrow());
            }
            away = true;
        }
        return !away;
    }

    private void tell(RealmResource realm, Untold one) {
        try {
            // Asked for in a list, because somebody who has gone there is no error here.
            if (realm.users().search("id:" + one.subject, 0, 1).isEmpty()) {
                LOG.infof("Keycloak no longer knows %s (%s)", one.name, one.subject);
            } else {
                UserResource user = realm.users().get(one.subject);
                if (one.developer != one.knownDeveloper) {
                    tellDeveloper(user, one);
                }
                if (one.deactivated != one.knownDeactivated) {
                    tellDeactivated(user, one);
                }
            }
            told(one);
        } catch (RuntimeException e) {
            LOG.warnf("Keycloak could not be told about %s (%s): %s; trying again", one.name, one.subject, e);
        }
    }

    private static void tellDeveloper(UserResource user, Untold one) {
        RoleScopeResource roles = user.roles().realmLevel();
        List<RoleRepresentation> wanted = (one.developer ? roles.listAvailable() : roles.listAll()).stream()
                .filter(role -> role.getName().equals(DEVELOPER)).toList();
        if (wanted.isEmpty()) {
            return;
        }
        if (one.developer) {
            roles.add(wanted);
        } else {
            roles.remove(wanted);
        }
    }

    private static void tellDeactivated(UserResource user, Untold one) {
        UserRepresentation person = user.toRepresentation();
        person.setEnabled(!one.deactivated);
        user.update(person);
        if (one.deactivated) {
            user.logout();
        }
    }

    private List<Untold> untold() {
        return QuarkusTransaction.requiringNew().call(() -> rows().stream()
                .map(row -> new Untold((String) row[0], (String) row[1], (String) row[2], (Boolean) row[3], (Boolean) row[4],
                        (Boolean) row[5], (Boolean) row[6]))
                .toList());
    }

    @SuppressWarnings("unchecked")
    private List<Object[]> rows() {
        return database.createNativeQuery("""
                select issuer, subject, name, developer, deactivated, known_developer, known_deactivated from (
                  select l.*, a.deactivated_at is not null as deactivated,
                    exists (select from account_role r where r.account = a.id and r.role = 'DEVELOPER') as developer
                  from account_login l join account a on a.id = l.account where l.issuer = ?1) as logins
                where developer <> known_developer or deactivated <> known_deactivated
                limit ?2""", Object[].class).setParameter(1, config.url().orElseThrow().toString()).setParameter(2, AT_ONCE)
                .getResultList();
    }

    private void told(Untold one) {
        QuarkusTransaction.requiringNew().run(() -> database.createNativeQuery("""
                update account_login set known_developer = ?3, known_deactivated = ?4 where issuer = ?1 and subject = ?2""")
                .setParameter(1, one.issuer).setParameter(2, one.subject).setParameter(3, one.developer)
                .setParameter(4, one.deactivated).executeUpdate());
    }
}
