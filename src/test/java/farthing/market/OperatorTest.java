package farthing.market;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.chain.SigningKey;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.identity.Browser;
import farthing.identity.Role;
import farthing.identity.Roles;
import farthing.web.Operated;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;

@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class OperatorTest {

    private static volatile List<Operated.Concern> present = List.of();
    private static volatile boolean broken;

    @Singleton
    static class Part implements Operated {

        @Override
        public String title() {
            return "A part";
        }

        @Override
        public List<Concern> concerns() {
            if (broken) {
                throw new IllegalStateException("the database is away");
            }
            return present;
        }

        @Override
        public List<Fact> facts() {
            return List.of(new Fact("Size", "12 apples"));
        }
    }

    @Inject
    Accounts accounts;
    @Inject
    Roles roles;
    @Inject
    Concerns concerns;

    private final SigningKey wallet = SigningKey.generate(new SecureRandom());
    private Browser operator = new Browser();
    private AccountId account;

    @BeforeEach
    void anOperator() {
        account = accounts.of(wallet.address());
        roles.grant(account, Role.OPERATOR);
        operator = new Browser().signIn(wallet);
    }

    @AfterEach
    void noOperatorAnyMore() {
        present = List.of();
        broken = false;
        roles.revoke(account, Role.OPERATOR);
    }

    @Test
    void nobodyElseSeesIt() {
        new Browser().request().get("/operator").then().statusCode(303).header("Location", containsString("/sign-in"));
        new Browser().request().accept("application/json").get("/api/operator/concerns").then().statusCode(401);
        Browser caller = new Browser().signIn(SigningKey.generate(new SecureRandom()));
        caller.request().get("/operator").then().statusCode(403);
        caller.request().accept("application/json").get("/api/operator/concerns").then().statusCode(403);
        caller.request().get("/account").then().body(not(containsString("href=\"/operator\"")));
        operator.request().get("/account").then().body(containsString("href=\"/operator\""));
    }

    @Test
    void whatStandsStillIsNamedOldestFirstAndOneWithoutADateFromWhenItWasSeen() {
        present = List.of(
                new Operated.Concern("new", "The newer one.", Instant.parse("2026-01-02T00:00:00Z"), "Do this.", null),
                new Operated.Concern("undated", "The undated one.", null, "Do that.", "/batches"),
                new Operated.Concern("old", "The older one.", Instant.parse("2026-01-01T00:00:00Z"), "Do this.", null));

        assertThat(concerns.now().stream().filter(each -> each.part().equals("A part")).map(each -> each.concern().id()))
                .containsExactly("old", "new", "undated");
        assertThat(concerns.now()).isEqualTo(concerns.now());
        operator.request().get("/operator").then().statusCode(200).body(allOf(containsString("The undated one."),
                containsString("12 apples"), containsString("Servers running"), containsString("Last batch")));
        operator.request().accept("application/json").get("/api/operator/concerns").then().statusCode(200)
                .body("concerns.find { it.id == 'old' }.since", startsWith("2026-01-01T00:00:00"));
        given().get("/q/metrics").then().body(containsString("farthing_concerns"));
    }

    @Test
    void aPartThatCannotBeLookedAtHidesNoOther() {
        broken = true;

        assertThat(concerns.now()).extracting(each -> each.concern().what()).contains("A part cannot be looked at.");
        operator.request().get("/operator").then().statusCode(200).body(containsString("Last batch"));
    }

    @Test
    void anAccountIsFoundDeactivatedWithAReasonAndReactivated() {
        SigningKey other = SigningKey.generate(new SecureRandom());
        Browser owner = new Browser().signIn(other);
        String handle = accounts.handleOf(accounts.of(other.address()));
        String page = "/operator?handle=" + handle;

        operator.request().get("/operator?handle=no-such-person").then().body(containsString("No account has the handle"));
        operator.form(page).formParam("handle", handle).formParam("why", " ").post("/operator/deactivate").then()
                .statusCode(422).body(containsString("Say why"));
        operator.form(page).formParam("handle", handle).formParam("why", "Sells stolen models.").post("/operator/deactivate")
                .then().statusCode(303).header("Location", containsString(handle));
        operator.request().get(page).then().body(allOf(containsString("Sells stolen models."), containsString("Reactivate")));
        owner.request().get("/keys").then().statusCode(equalTo(303));

        operator.form(page).formParam("handle", handle).post("/operator/reactivate").then().statusCode(303);
        operator.request().get(page).then().body(containsString(">Deactivate<"));
    }
}
