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
import jakarta.ws.rs.core.Response;

import farthing.web.Visit;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.quarkus.security.UnauthorizedException;
import io.smallrye.common.annotation.Blocking;

/** Linking a login of the organisation to an account that is there already, and unlinking it. */
@Path(Organisation.LINK)
@Produces(MediaType.TEXT_HTML)
@Blocking
class LoginsPages {

    @CheckedTemplate(basePath = "identity", defaultName = CheckedTemplate.HYPHENATED_ELEMENT_NAME)
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance linkOrganisation(LinkPage page);

        static native TemplateInstance unlinkOrganisation(UnlinkPage page);
    }

    record LinkPage(String label, String login) {
    }

    record UnlinkPage(String login, String issuer, String subject) {
    }

    private final Organisation organisation;
    private final Members members;
    private final Logins logins;
    private final SignedIn signedIn;
    private final Visit visit;

    LoginsPages(Organisation organisation, Members members, Logins logins, SignedIn signedIn, Visit visit) {
        this.organisation = organisation;
        this.members = members;
        this.logins = logins;
        this.signedIn = signedIn;
        this.visit = visit;
    }

    /** Asks first: whoever leads a browser here could have made it log in there as somebody else before. */
    @GET
    public TemplateInstance ask() {
        signedIn.account();
        return Templates.linkOrganisation(new LinkPage(organisation.label(), members.ofBrowser().name()));
    }

    @POST
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
        return Response.seeOther(URI.create("/account?done=login-linked#logins")).build();
    }

    @GET
    @Path("unlink")
    public TemplateInstance askToUnlink(@QueryParam("issuer") @DefaultValue("") String issuer,
            @QueryParam("subject") @DefaultValue("") String subject) {
        AccountLogin login = logins.of(signedIn.account()).stream().filter(one -> one.is(issuer, subject)).findFirst()
                .orElseThrow(OrganisationRefused.NoSuchLogin::new);
        return Templates.unlinkOrganisation(new UnlinkPage(login.name, issuer, subject));
    }

    @POST
    @Path("unlink")
    public Response unlink(@FormParam("issuer") @DefaultValue("") String issuer,
            @FormParam("subject") @DefaultValue("") String subject) {
        logins.unlink(signedIn.account(), issuer, subject);
        // Whoever came in with that login is out.
        visit.endOtherSessions();
        return Response.seeOther(URI.create("/account?done=login-unlinked#logins")).build();
    }

    static AccountView.LoginRow row(AccountLogin login) {
        return new AccountView.LoginRow(login.name, login.issuer, login.addedAt, Organisation.LINK + "/unlink?issuer="
                + Organisation.encoded(login.issuer) + "&subject=" + Organisation.encoded(login.subject));
    }
}
