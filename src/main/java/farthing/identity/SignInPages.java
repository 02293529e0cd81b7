package farthing.identity;

import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

import jakarta.ws.rs.CookieParam;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.chain.Address;
import farthing.chain.SigningKey;
import farthing.web.Shortened;
import farthing.web.Site;
import farthing.web.Visit;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.RawString;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;

@Path("/")
@Blocking
class SignInPages {

    @CheckedTemplate(basePath = "identity", defaultName = CheckedTemplate.HYPHENATED_ELEMENT_NAME)
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance signIn(SignInPage page);
    }

    record SignInPage(String next, String domain, String chain, @Nullable OrganisationLogin organisation, List<DemoPerson> demo,
            RawString demoJson) {
    }

    record OrganisationLogin(String label, String href) {
    }

    record DemoPerson(String label, String about, String address, String addressShort) {
    }

    private final SignIn signIn;
    private final Visit visit;
    private final Demo demo;
    private final Organisation organisation;
    private final Site site;
    private final ObjectMapper json;

    SignInPages(SignIn signIn, Visit visit, Demo demo, Organisation organisation, Site site, ObjectMapper json) {
        this.signIn = signIn;
        this.visit = visit;
        this.demo = demo;
        this.organisation = organisation;
        this.site = site;
        this.json = json;
    }

    @GET
    @Path("/sign-in")
    @Produces(MediaType.TEXT_HTML)
    public TemplateInstance show(@QueryParam("next") @DefaultValue("/") String next) {
        List<DemoPerson> people = demo.people().stream().map(person -> {
            String address = demo.key(person).address().text();
            return new DemoPerson(person.label, person.about, address, Shortened.of(address));
        }).toList();
        OrganisationLogin login = organisation.offered()
                ? new OrganisationLogin(organisation.label(),
                        Organisation.SIGN_IN + "?next=" + URLEncoder.encode(next, StandardCharsets.UTF_8))
                : null;
        return Templates.signIn(
                new SignInPage(next, site.domain(), "chain " + signIn.chainId(), login, people, new RawString(demoJson())));
    }

    @POST
    @Path("/sign-in/challenge")
    @Produces(MediaType.APPLICATION_JSON)
    public SignIn.Challenge challenge(@FormParam("address") @DefaultValue("") String address,
            @FormParam("next") @DefaultValue("/") String next) {
        return signIn.begin(new Address(address.strip()), next);
    }

    @POST
    @Path("/sign-in/verify")
    @Produces(MediaType.APPLICATION_JSON)
    public Map<String, String> verify(@FormParam("nonce") @DefaultValue("") String nonce,
            @FormParam("signature") @DefaultValue("") String signature) {
        SignIn.Done done = signIn.finish(nonce, signature);
        visit.signIn(done.account().value());
        return Map.of("next", done.next());
    }

    @POST
    @Path("/sign-out")
    public Response signOut(@CookieParam(OrganisationPages.ALSO_THERE) @DefaultValue("") String alsoThere) {
        visit.signOut();
        return Response.seeOther(URI.create(alsoThere.isEmpty() ? "/" : "/signed-out")).build();
    }

    /** Read by the page's script, which signs with these keys as a wallet would. */
    private String demoJson() {
        try {
            return json.writeValueAsString(demo.people().stream().map(person -> {
                SigningKey key = demo.key(person);
                return Map.of("label", person.label, "about", person.about, "address", key.address().text(), "privateKey",
                        key.secretHex());
            }).toList()).replace("<", "\\u003c");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
