package farthing.identity;

import java.net.URI;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.NewCookie;
import jakarta.ws.rs.core.Response;

import farthing.web.Site;
import farthing.web.Visit;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

/** Signing in with the organisation, and out. */
@Path("/")
@Produces(MediaType.TEXT_HTML)
@Blocking
class OrganisationPages {

    /** Says that this browser may be signed in at the provider, too; it holds nothing else. */
    static final String ALSO_THERE = "farthing_organisation";

    @CheckedTemplate(basePath = "identity", defaultName = CheckedTemplate.HYPHENATED_ELEMENT_NAME)
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance signedOut(SignedOutPage page);
    }

    record SignedOutPage(String label) {
    }

    private final Organisation organisation;
    private final Members members;
    private final Logins logins;
    private final Visit visit;
    private final Site site;

    OrganisationPages(Organisation organisation, Members members, Logins logins, Visit visit, Site site) {
        this.organisation = organisation;
        this.members = members;
        this.logins = logins;
        this.visit = visit;
        this.site = site;
    }

    @GET
    @Path(Organisation.SIGN_IN)
    public Response signIn(@QueryParam("next") @DefaultValue("/") String next) {
        Member member = members.ofBrowser();
        members.forgetBrowser();
        visit.signIn(logins.accountOf(member).value());
        return Response.seeOther(SignIn.ownAddress(next)).cookie(alsoThere(true)).build();
    }

    /** Where the provider's refusal leads. */
    @GET
    @Path(Organisation.SIGN_IN + "/refused")
    public Response refused() {
        throw organisation.notCompleted();
    }

    @GET
    @Path("/signed-out")
    public Response signedOut() {
        if (!organisation.offered()) {
            return Response.seeOther(URI.create("/")).build();
        }
        Response.ResponseBuilder page = Response.ok(Templates.signedOut(new SignedOutPage(organisation.label())));
        return page.cookie(alsoThere(false)).build();
    }

    /** On to the provider, which asks whether to sign out there. */
    @GET
    @Path("/signed-out/organisation")
    public Response signOutThere() {
        return Response.seeOther(organisation.signOutPage()).build();
    }

    private NewCookie alsoThere(boolean is) {
        return new NewCookie.Builder(ALSO_THERE).value(is ? "yes" : "").path("/").httpOnly(true)
                .secure(site.publicUrl().getScheme().equals("https")).sameSite(NewCookie.SameSite.LAX)
                .maxAge(is ? NewCookie.DEFAULT_MAX_AGE : 0).build();
    }
}
