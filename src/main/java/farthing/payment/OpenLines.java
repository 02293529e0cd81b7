package farthing.payment;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import farthing.chain.Address;
import farthing.chain.ChainLog;
import farthing.identity.Lines;
import farthing.identity.WalletKeeper;
import farthing.ledger.LineId;

/** Keeps a wallet with its account as long as a line of it is open or has money. */
@Singleton
class OpenLines implements WalletKeeper {

    private final DataSource source;
    private final ChainLog chain;
    private final Lines lines;
    private final LineMoney money;

    OpenLines(DataSource source, ChainLog chain, Lines lines, LineMoney money) {
        this.source = source;
        this.chain = chain;
        this.lines = lines;
        this.money = money;
    }

    @Override
    public Optional<String> reasonToKeep(Address wallet) {
        Set<LineId> all = new LinkedHashSet<>(lines.ofWallet(wallet));
        try (Connection connection = source.getConnection()) {
            Set<LineId> opened = new LinkedHashSet<>();
            chain.openedBy(connection, wallet).forEach(each -> opened.add(new LineId(each.event().line())));
            all.addAll(opened);
            for (LineId line : all) {
                // An exit counts when nothing can take it back.
                if (opened.contains(line) && LineFacts.of(chain.ofLine(connection, line.value())).exited() == null) {
                    return Optional.of("Line " + line + " belongs to this wallet and is open. Leave it at /budgets and take the"
                            + " rest out, then unlink the wallet.");
                }
                LineMoney.Detail detail = money.detail(connection, line);
                if (!detail.left().plus(detail.leased()).plus(detail.locked()).isZero()) {
                    return Optional
                            .of("Line " + line + " belongs to this wallet and still has money. Take it out at /budgets, then"
                                    + " unlink the wallet.");
                }
            }
            return Optional.empty();
        } catch (SQLException e) {
            throw new IllegalStateException("cannot look which lines wallet " + wallet + " has", e);
        }
    }
}
