package farthing.identity;

import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import farthing.chain.Address;
import farthing.chain.SigningKey;
import farthing.web.KeyFolder;
import farthing.web.Site;
import io.quarkus.runtime.StartupEvent;

/** People that a trial brings along, so that a newcomer is in with one click. Their keys live in the data folder. */
@ApplicationScoped
public class Demo {

    /** Before whatever is seeded under the developer's handle. */
    private static final int EARLY = 10;

    enum Person {
        DEVELOPER("wren", "Developer", "Publishes the models that come with Farthing and is paid for their calls."),
        CONTRIBUTOR("linnet", "Data contributor", "Gave data that models were trained on."),
        CALLER("robin", "Caller", "Has a funded budget and calls models."),
        OPERATOR("jackdaw", "Operator", "Runs the site and sees what needs a hand.");

        final String handle;
        final String label;
        final String about;

        Person(String handle, String label, String about) {
            this.handle = handle;
            this.label = label;
            this.about = about;
        }
    }

    private final Site site;
    private final KeyFolder folder;
    private final Accounts accounts;
    private final Roles roles;

    Demo(Site site, KeyFolder folder, Accounts accounts, Roles roles) {
        this.site = site;
        this.folder = folder;
        this.accounts = accounts;
        this.roles = roles;
    }

    void start(@Observes @Priority(EARLY) StartupEvent event) {
        people().forEach(this::account);
        if (offered()) {
            roles.grant(operator(), Role.OPERATOR);
        }
    }

    /** False in production, where there are no demo people and the methods below throw {@link IllegalStateException}. */
    public boolean offered() {
        return !site.production();
    }

    /** Has the handle {@code wren}. */
    public AccountId developer() {
        return account(Person.DEVELOPER);
    }

    public AccountId contributor() {
        return account(Person.CONTRIBUTOR);
    }

    public AccountId caller() {
        return account(Person.CALLER);
    }

    /** Has the role of one. */
    public AccountId operator() {
        return account(Person.OPERATOR);
    }

    /** With which the trial deposits on the caller's line as its owner would. */
    public SigningKey callerKey() {
        return key(Person.CALLER);
    }

    /** The key of a demo person, with which its browser signs as a wallet would; empty for everybody else. */
    public Optional<SigningKey> keyOf(AccountId account) {
        return people().stream().filter(person -> account(person).equals(account)).findFirst().map(this::key);
    }

    /** Of all of them; the keys are made when there are none yet. */
    public static List<Address> wallets(KeyFolder folder) {
        return Stream.of(Person.values()).map(person -> key(folder, person).address()).toList();
    }

    List<Person> people() {
        return offered() ? List.of(Person.values()) : List.of();
    }

    SigningKey key(Person person) {
        return key(folder, person);
    }

    private static SigningKey key(KeyFolder folder, Person person) {
        return SigningKey.ofHex(folder.get("demo-" + person.handle, () -> SigningKey.generate(new SecureRandom()).secretHex()));
    }

    private AccountId account(Person person) {
        return accounts.of(key(person).address(), Optional.of(person.handle));
    }
}
