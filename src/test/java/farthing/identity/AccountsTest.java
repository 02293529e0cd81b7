package farthing.identity;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;

import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.TestLines;
import farthing.chain.SigningKey;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;

/** Who takes part, with and without a wallet, and in which role. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class AccountsTest {

    @Inject
    Accounts accounts;
    @Inject
    Roles roles;
    @Inject
    Lines lines;
    @Inject
    ApiKeys keys;
    @Inject
    PersonalTokens tokens;
    @Inject
    Demo demo;
    @Inject
    Heard heard;

    private final SigningKey wallet = SigningKey.generate(new SecureRandom());
    private AccountId account = new AccountId(0);

    @Singleton
    static class Heard {

        final List<Record> events = new CopyOnWriteArrayList<>();

        void deactivated(@Observes AccountDeactivated event) {
            events.add(event);
        }

        void reactivated(@Observes AccountReactivated event) {
            events.add(event);
        }

        void granted(@Observes RoleGranted event) {
            events.add(event);
        }

        void revoked(@Observes RoleRevoked event) {
            events.add(event);
        }
    }

    @BeforeEach
    void anAccount() {
        account = accounts.of(wallet.address());
    }

    @Test
    void anAccountMayHaveNoWallet() {
        AccountId organisation = accounts.create("Ada.Lovelace@example.org");
        assertThat(accounts.handleOf(organisation)).startsWith("ada-lovelace");
        assertThat(accounts.handleOf(accounts.create("Ada Lovelace"))).matches("ada-lovelace-\\d+");
        assertThat(accounts.handleOf(accounts.create("admin"))).matches("admin-\\d+");
        assertThat(accounts.handleOf(accounts.create("—"))).matches("account-\\d+");
        assertThat(accounts.walletsOf(organisation)).isEmpty();
        assertThat(accounts.find(organisation.value()).orElseThrow().wallet()).isNull();
        assertThatThrownBy(() -> accounts.walletOf(organisation)).isInstanceOf(NoWallet.class)
                .hasMessageContaining("/account");
        assertThat(accounts.walletsOf(account)).containsExactly(wallet.address());
    }

    @Test
    void aRoleIsGrantedOnceAndToldOnce() {
        roles.grant(account, Role.CURATOR);
        roles.grant(account, Role.CURATOR);
        assertThat(roles.of(account)).isEqualTo(Set.of(Role.CURATOR));
        roles.revoke(account, Role.CURATOR);
        roles.revoke(account, Role.CURATOR);
        assertThat(roles.has(account, Role.CURATOR)).isFalse();
        assertThat(heard.events).filteredOn(event -> event instanceof RoleGranted granted && granted.account().equals(account))
                .hasSize(1);
        assertThat(heard.events).filteredOn(event -> event instanceof RoleRevoked revoked && revoked.account().equals(account))
                .hasSize(1);
    }

    @Test
    void theSiteAlwaysHasAnOperator() {
        assertThat(roles.of(demo.operator())).isEqualTo(Set.of(Role.OPERATOR));
        assertThat(accounts.handleOf(demo.operator())).isEqualTo("jackdaw");
        assertThatThrownBy(() -> roles.revoke(demo.operator(), Role.OPERATOR)).isInstanceOf(LastOperator.class);
        assertThatThrownBy(() -> accounts.deactivate(demo.operator(), "Tired.")).isInstanceOf(LastOperator.class);
        roles.grant(account, Role.OPERATOR);
        roles.revoke(account, Role.OPERATOR);
        assertThat(roles.has(account, Role.OPERATOR)).isFalse();
    }

    @Test
    void walletsNamedInTheConfigurationAreOperators() {
        Operators configured = new Operators(Optional.of(List.of(" " + wallet.address().text().toLowerCase())), roles);
        configured.start(new StartupEvent());
        assertThat(roles.has(account, Role.OPERATOR)).isTrue();
        roles.revoke(account, Role.OPERATOR);
        assertThatThrownBy(() -> new Operators(Optional.of(List.of("wren.eth")), roles))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("FARTHING_OPERATORS");
    }

    @Test
    void aDeactivatedAccountTakesPartInNothingUntilItIsReactivated() {
        Browser browser = new Browser().signIn(wallet);
        String key = "Bearer "
                + keys.create(account, TestLines.adopted(lines, account), "here", KeyLimits.NONE, null).secret();
        String token = tokens.create(account, "there", Set.of(Scope.READ), null).secret();
        JsonPath begun = browser.challenge(wallet.address().text(), "/");

        accounts.deactivate(account, "Its models were copied from somebody else.");
        accounts.deactivate(account, "Once more.");
        browser.request().get("/account").then().statusCode(303).header("Location", containsString("/sign-in"));
        assertThatThrownBy(() -> keys.authenticate(key)).isInstanceOf(DeactivatedAccount.class)
                .hasMessageContaining("copied from somebody else").hasMessageContaining("stays its own");
        given().header("Authorization", key).contentType("application/json").body("{}").post("/v1/completions").then()
                .statusCode(403).body("error.code", equalTo("account_deactivated"));
        Browser back = new Browser();
        JsonPath challenge = back.challenge(wallet.address().text(), "/");
        back.verify(challenge.getString("nonce"), Browser.sign(wallet, challenge.getString("message"))).then().statusCode(403)
                .body("code", equalTo("account_deactivated"))
                .body("detail", allOf(containsString("copied from"), not(containsString("Once more"))));
        browser.verify(begun.getString("nonce"), Browser.sign(wallet, begun.getString("message"))).then().statusCode(403);
        given().header("Authorization", "Bearer " + token).get("/api/account").then().statusCode(403)
                .body("code", equalTo("account_deactivated"));

        accounts.reactivate(account);
        accounts.reactivate(account);
        browser.request().get("/account").then().statusCode(303);
        browser.signIn(wallet).request().get("/account").then().statusCode(200);
        assertThat(keys.authenticate(key).account()).isEqualTo(account);
        assertThat(heard.events).containsSubsequence(new AccountDeactivated(account), new AccountReactivated(account));
        assertThat(heard.events).filteredOn(new AccountDeactivated(account)::equals).hasSize(1);
    }
}
