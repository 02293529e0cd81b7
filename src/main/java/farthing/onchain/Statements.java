package farthing.onchain;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;

import org.jspecify.annotations.Nullable;

import farthing.catalog.Catalog;
import farthing.catalog.Offer;
import farthing.catalog.Records;
import farthing.catalog.VersionFacts;
import farthing.catalog.VersionId;
import farthing.chain.Address;
import farthing.chain.Call;
import farthing.chain.ContractWallets;
import farthing.chain.Deployment;
import farthing.chain.MalformedSignature;
import farthing.chain.RegistryCalls;
import farthing.chain.Signatures;
import farthing.chain.Transactions;
import farthing.identity.AccountId;
import io.quarkus.narayana.jta.QuarkusTransaction;

/** Takes in what developers sign for the registry and sends it, at the operator's cost. */
@ApplicationScoped
class Statements implements Records {

    private static final Duration LONGEST = Duration.ofDays(7);
    private static final Duration DAY = Duration.ofDays(1);

    /** @param sent empty when the outbox does not know it */
    record Sent(Statement statement, Optional<Transactions.Sent> sent) {

        /** One that reverted for good, or would, may be stated again. */
        boolean stands() {
            return sent.filter(one -> one.state() != Transactions.State.REVERTED && !faulty(one)).isPresent();
        }

        // What a dry run refuses after its deadline will never be mined.
        private static boolean faulty(Transactions.Sent one) {
            return one.state() == Transactions.State.QUEUED && one.fault() != null
                    && one.fault().startsWith("SignatureExpired");
        }
    }

    /** What was asked to be signed, signed. @param offers in the same order */
    record Signed(Instant deadline, byte @Nullable [] version, List<byte[]> offers) {
    }

    private final Catalog catalog;
    private final RegistryCalls registry;
    private final ContractWallets contracts;
    private final Transactions transactions;
    private final Deployment deployment;
    private final DataSource source;
    private final OnchainConfig config;
    private final Clock clock;

    Statements(Catalog catalog, RegistryCalls registry, ContractWallets contracts, Transactions transactions,
            Deployment deployment, DataSource source, OnchainConfig config, Clock clock) {
        this.catalog = catalog;
        this.registry = registry;
        this.contracts = contracts;
        this.transactions = transactions;
        this.deployment = deployment;
        this.source = source;
        this.config = config;
        this.clock = clock;
    }

    /** @throws StatementRefused unless the account published the version */
    VersionFacts own(AccountId account, VersionId version) {
        return catalog.facts(version).filter(facts -> facts.developer().equals(account))
                .orElseThrow(() -> StatementRefused.noSuchVersion(version));
    }

    /** Deadlines are whole seconds. */
    Instant deadline() {
        return Instant.ofEpochSecond(clock.instant().plus(config.signingTime()).getEpochSecond());
    }

    @Transactional
    ToSign toSign(VersionFacts facts, Instant deadline) {
        List<Sent> standing = of(facts.version()).stream().filter(Sent::stands).toList();
        boolean versionStated = standing.stream().anyMatch(one -> one.statement().offer == null);
        int stated = 0;
        Offer last = null;
        for (Offer offer : facts.offers()) {
            if (standing.stream().anyMatch(one -> one.statement().offer != null
                    && one.statement().offer == offer.id().value())) {
                stated++;
                last = offer;
            }
        }
        return ToSign.of(facts, versionStated, stated, last, clock.instant(), deadline);
    }

    /**
     * Checks the signatures, which may ask the chain, then stores and queues all of it or nothing.
     *
     * @throws StatementRefused saying what is wrong
     */
    void state(AccountId account, VersionFacts facts, Signed signed) {
        Instant now = clock.instant();
        if (signed.deadline().isBefore(now) || signed.deadline().isAfter(now.plus(LONGEST))) {
            throw StatementRefused.deadline(signed.deadline());
        }
        ToSign wanted = toSign(facts, signed.deadline());
        if (wanted.isEmpty()) {
            throw StatementRefused.nothingLeft();
        }
        if ((wanted.version() == null) != (signed.version() == null) || wanted.offers().size() != signed.offers().size()) {
            throw StatementRefused.changed();
        }
        if (wanted.version() != null && signed.version() != null) {
            requireSigned(facts.payee(), registry.digest(wanted.version(), signed.deadline()), signed.version());
        }
        for (int i = 0; i < wanted.offers().size(); i++) {
            requireSigned(facts.payee(), registry.digest(wanted.offers().get(i).statement(), signed.deadline()),
                    signed.offers().get(i));
        }
        QuarkusTransaction.requiringNew().run(() -> store(account, facts, wanted, signed, now));
    }

    private void store(AccountId account, VersionFacts facts, ToSign wanted, Signed signed, Instant now) {
        long today = Statement.count("account = ?1 and signedAt > ?2", account.value(), now.minus(DAY));
        if (today + wanted.count() > config.perDay()) {
            throw StatementRefused.tooMany(config.perDay());
        }
        int attempt = of(facts.version()).size() + 1;
        String purpose = "registry:" + deployment.registry() + ":" + Integer.toUnsignedString(facts.version().value()) + ":";
        if (wanted.version() != null && signed.version() != null) {
            Statement statement = new Statement(purpose + attempt++, facts.version().value(), account.value(),
                    facts.payee().text(), signed.deadline(), signed.version(), now);
            queue(statement, registry.relay(wanted.version(), signed.deadline(), signed.version()));
        }
        for (int i = 0; i < wanted.offers().size(); i++) {
            ToSign.OfferToSign offer = wanted.offers().get(i);
            byte[] signature = signed.offers().get(i);
            Statement statement = new Statement(purpose + attempt++, facts.version().value(), account.value(),
                    facts.payee().text(), signed.deadline(), signature, now);
            statement.offer = offer.offer().id().value();
            statement.number = offer.statement().number();
            statement.validFrom = offer.statement().from();
            queue(statement, registry.relay(offer.statement(), signed.deadline(), signature));
        }
    }

    /** Of two at once the second fails on the key, and nothing of it is stored. */
    private void queue(Statement statement, Call call) {
        statement.persistAndFlush();
        // Within the transaction that is under way.
        try (Connection connection = source.getConnection()) {
            transactions.queue(connection, statement.purpose, deployment.operator(), call);
        } catch (SQLException e) {
            throw new IllegalStateException("cannot queue " + statement.purpose, e);
        }
    }

    /** All that was ever stated of a version, the first one first, and how far each is. */
    @Transactional
    List<Sent> of(VersionId version) {
        return sent(Statement.list("version = ?1 order by signedAt, purpose", version.value()));
    }

    @Override
    @Transactional
    public Map<VersionId, Recorded> of(Collection<VersionId> versions) {
        Map<VersionId, Recorded> recorded = new HashMap<>();
        List<Integer> ids = versions.stream().map(VersionId::value).toList();
        for (Sent one : sent(Statement.list("offer is null and version in ?1 order by signedAt", ids))) {
            if (one.stands()) {
                Transactions.Sent sent = one.sent().orElseThrow();
                recorded.put(new VersionId(one.statement().version),
                        new Recorded(new Address(one.statement().signer), sent.transaction(), sent.block() != null));
            }
        }
        return recorded;
    }

    private List<Sent> sent(List<Statement> statements) {
        List<Sent> all = new ArrayList<>();
        try (Connection connection = source.getConnection()) {
            for (Statement statement : statements) {
                all.add(new Sent(statement, transactions.find(connection, statement.purpose)));
            }
            return all;
        } catch (SQLException e) {
            throw new IllegalStateException("cannot read the outbox", e);
        }
    }

    /** The key first: an address with code may still be one with a key (EIP-7702). */
    private void requireSigned(Address owner, byte[] digest, byte[] signature) {
        try {
            if (Signatures.recover(digest, signature).equals(owner)) {
                return;
            }
        } catch (MalformedSignature perhapsAContract) {
            // Its signatures have any length.
        }
        if (!contracts.accepts(owner, digest, signature)) {
            throw StatementRefused.otherSigner(owner);
        }
    }
}
