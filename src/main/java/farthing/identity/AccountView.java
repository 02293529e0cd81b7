package farthing.identity;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

import farthing.money.Amount;

/** An account as its page shows it; the template says what each part is. */
record AccountView(String name, @Nullable String nameError, boolean saved, @Nullable String done, Instant since,
        List<String> roles, List<WalletRow> wallets, @Nullable String organisation, List<LoginRow> logins,
        List<TokenRow> tokens, int endedTokens,
        @Nullable NewToken created, boolean rejected, TokenForm form, List<LineRow> lines) {

    record WalletRow(String address, String addressShort, Instant added, boolean paidHere) {
    }

    /** A login of an organisation that signs in to the account. */
    record LoginRow(String name, String issuer, Instant added, String unlinkHref) {
    }

    record TokenRow(String id, String name, String prefix, String scopes, @Nullable Instant lastUsed,
            @Nullable Instant expires) {
    }

    /** Shown once. @param curl null without the scope to read, as is the other without the one to publish */
    record NewToken(String name, String secret, @Nullable String curl, @Nullable String publish) {
    }

    record LineRow(String label, Amount left, Amount deposited, Amount used) {
    }
}
