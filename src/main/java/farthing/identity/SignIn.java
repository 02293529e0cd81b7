package farthing.identity;

import java.net.URI;
import java.net.URISyntaxException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;

import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.chain.ContractWallets;
import farthing.chain.MalformedSignature;
import farthing.chain.Signatures;
import farthing.web.Problem;
import farthing.web.Site;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.scheduler.Scheduled;

/**
 * Sign-In with Ethereum (EIP-4361): the server writes a message, the wallet signs it, the signature says whose wallet it is.
 */
@ApplicationScoped
class SignIn {

    private static final int NONCE_LENGTH = 22;

    private final Clock clock;
    private final Site site;
    private final SignInConfig config;
    private final Accounts accounts;
    private final ContractWallets contracts;
    private final long chainId;
    private final SecureRandom random = new SecureRandom();

    SignIn(Clock clock, Site site, SignInConfig config, Accounts accounts, ContractWallets contracts,
            @ConfigProperty(name = "farthing.chain.id") long chainId) {
        this.clock = clock;
        this.site = site;
        this.config = config;
        this.accounts = accounts;
        this.contracts = contracts;
        this.chainId = chainId;
    }

    record Challenge(String nonce, String message) {
    }

    /** Where the signer goes next. */
    record Done(AccountId account, String next) {
    }

    long chainId() {
        return chainId;
    }

    /** @param next page to return to; one of another site is replaced by the first page */
    @Transactional
    Challenge begin(Address wallet, String next) {
        return begin(wallet, "Sign in to Farthing. This costs nothing and moves no money.", next, null, null);
    }

    /** @param session in which alone the signature will count */
    @Transactional
    Challenge beginLink(Address wallet, AccountId account, String session) {
        return begin(wallet, "Link this wallet to the account " + accounts.handleOf(account)
                + " on Farthing. It can then sign in to the account and be paid for it. This costs nothing and moves no money.",
                "/account", account, session);
    }

    private Challenge begin(Address wallet, String statement, String next, @Nullable AccountId account,
            @Nullable String session) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        SignInChallenge challenge = new SignInChallenge();
        challenge.nonce = Base62.random(random, NONCE_LENGTH);
        challenge.wallet = wallet.text();
        challenge.nextPage = ownPage(next);
        challenge.expiresAt = now.plus(config.messageLifetime());
        challenge.account = account == null ? null : account.value();
        challenge.session = session;
        challenge.message = message(wallet, statement, challenge.nonce, now, challenge.expiresAt, session);
        challenge.persist();
        return new Challenge(challenge.nonce, challenge.message);
    }

    /**
     * Uses up the nonce, whatever the signature is worth.
     *
     * @throws SignInRefused naming what is wrong
     * @throws MalformedSignature for what is no signature at all
     * @throws DeactivatedAccount when its account takes part in nothing
     * @throws ContractWallets.ChainAway when the wallet may be a contract and cannot be asked
     */
    Done finish(String nonce, String signature) {
        // Its own transaction: the nonce stays used when the signature turns out to be wrong.
        SignInChallenge challenge = QuarkusTransaction.requiringNew().call(() -> take(nonce));
        if (challenge.account != null) {
            throw new SignInRefused.UnknownNonce();
        }
        Address wallet = new Address(challenge.wallet);
        requireSigned(wallet, challenge.message, Signatures.parseAny(signature.strip()));
        AccountId account = accounts.of(wallet);
        accounts.requireActive(account);
        return new Done(account, challenge.nextPage);
    }

    /**
     * The wallet that is proved to be the asking person's. Uses up the nonce, as {@link #finish} does.
     *
     * @throws SignInRefused naming what is wrong; also when it was begun for another account or in another session
     */
    Address finishLink(String nonce, String signature, AccountId account, String session) {
        SignInChallenge challenge = QuarkusTransaction.requiringNew().call(() -> take(nonce));
        if (!Long.valueOf(account.value()).equals(challenge.account) || !session.equals(challenge.session)) {
            throw new SignInRefused.UnknownNonce();
        }
        Address wallet = new Address(challenge.wallet);
        requireSigned(wallet, challenge.message, Signatures.parseAny(signature.strip()));
        return wallet;
    }

    /** The key first: an address with code may still be one with a key (EIP-7702). */
    private void requireSigned(Address wallet, String message, byte[] signature) {
        Problem wrong;
        try {
            Address signer = Signatures.recoverPersonal(message, signature);
            if (signer.equals(wallet)) {
                return;
            }
            wrong = new SignInRefused.WrongSigner(wallet.text(), signer.text());
        } catch (MalformedSignature e) {
            wrong = e;
        }
        if (!contracts.acceptsPersonal(wallet, message, signature)) {
            throw wrong;
        }
    }

    @Scheduled(every = "10m", delayed = "1m")
    @Transactional
    void forgetExpired() {
        // A day longer than needed, so that a late signature is told what is wrong with it.
        SignInChallenge.deleteExpired(clock.instant().minus(Duration.ofDays(1)));
    }

    private SignInChallenge take(String nonce) {
        boolean first = SignInChallenge.use(nonce, clock.instant());
        SignInChallenge challenge = SignInChallenge.<SignInChallenge> findByIdOptional(nonce)
                .orElseThrow(SignInRefused.UnknownNonce::new);
        if (!first) {
            throw new SignInRefused.ReusedNonce();
        }
        if (!clock.instant().isBefore(challenge.expiresAt)) {
            throw new SignInRefused.Expired();
        }
        return challenge;
    }

    private String message(Address wallet, String statement, String nonce, Instant now, Instant expires,
            @Nullable String request) {
        String message = """
                %s wants you to sign in with your Ethereum account:
                %s

                %s

                URI: %s
                Version: 1
                Chain ID: %d
                Nonce: %s
                Issued At: %s
                Expiration Time: %s""".formatted(site.domain(), wallet, statement, site.publicUrl(), chainId, nonce, now,
                expires);
        return request == null ? message : message + "\nRequest ID: " + request;
    }

    /** The same for a header, where nothing but an address may stand. */
    static URI ownAddress(String next) {
        try {
            return new URI(ownPage(next));
        } catch (URISyntaxException e) {
            return URI.create("/");
        }
    }

    static String ownPage(String next) {
        boolean own = next.startsWith("/") && !next.startsWith("//") && next.indexOf('\\') < 0
                && next.chars().noneMatch(Character::isISOControl);
        return own ? next : "/";
    }
}
