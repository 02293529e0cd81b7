package farthing.identity;

import java.net.URI;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
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
import io.quarkus.security.UnauthorizedException;
import io.smallrye.common.annotation.Blocking;

/** Signing in with the organisation, and linking its logins. */
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

        static native TemplateInstance linkOrganisation(LinkPage page);

        static native TemplateInstance signedOut(SignedOutPage page);
    }

    record LinkPage(String label, String login) {
    }

    record SignedOutPage(String label) {
    }

    private final Organisation organisation;
    private final Members members;
    private final Logins logins;
    private final SignedIn signedIn;
    private final Visit visit;
    private final Site site;

    OrganisationPages(Organisation organisation, Members members, Logins logins, SignedIn signedIn, Visit visit, Site site) {
        this.organisation = organisation;
        this.members = members;
        this.logins = logins;
        this.signedIn = signedIn;
        this.visit = visit;
        this.site = site;
    }

    @GET
    @Path(Organisation.SIGN_IN)
    public Response signIn(@QueryParam("next") @DefaultValue("/") String next) {
        Member member = members.ofBrowser();
        members.forgetBrowser();
        visit.signIn(logins.accountOf(member).value());
        return Response.seeOther(URI.create(SignIn.ownPage(next))).cookie(alsoThere(true)).build();
    }

    /** Where the provider's refusal leads. */
    @GET
    @Path(Organisation.SIGN_IN + "/refused")
    public Response refused() {
        throw organisation.notCompleted();
    }

    /** Asks first: whoever leads a browser here could have made it log in there as somebody else before. */
    @GET
    @Path(Organisation.LINK)
    public TemplateInstance askToLink() {
        signedIn.account();
        return Templates.linkOrganisation(new LinkPage(organisation.label(), members.ofBrowser().name()));
    }

    @POST
    @Path(Organisation.LINK)
    public Response link() {
        AccountId account = signedIn.account();
        try {
            Member member = members.ofBrowser();
            members.forgetBrowser();
            logins.link(account, member);
        } catch (UnauthorizedException tookTooLong) {
            // A form may not be led to another site, so the way there begins on the page before.
            throw organisation.notCompleted();
        }
        return Response.seeOther(URI.create("/account?saved=true")).build();
    }

    @POST
    @Path("/account/unlink-organisation")
    public Response unlink(@FormParam("issuer") @DefaultValue("") String issuer,
            @FormParam("subject") @DefaultValue("") String subject) {
        logins.unlink(signedIn.account(), issuer, subject);
        return Response.seeOther(URI.create("/account?saved=true")).build();
    }

    @GET
    @Path("/signed-out")
    public Response signedOut() {
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
