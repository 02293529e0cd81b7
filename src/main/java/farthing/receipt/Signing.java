package farthing.receipt;

import java.security.SecureRandom;
import java.util.Optional;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;

import farthing.chain.SigningKey;
import farthing.chain.WellKnownKeys;
import farthing.web.KeyFolder;
import farthing.web.Site;

/** The key that signs receipts: configured in production, the trial's own otherwise. */
class Signing {

    @Produces
    @Singleton
    ReceiptSigner receiptSigner(@ConfigProperty(name = "farthing.signer-key") Optional<String> configured,
            @ConfigProperty(name = "farthing.chain.id") long chainId, KeyFolder folder, Site site) {
        SigningKey key = SigningKey.ofHex(
                configured.orElseGet(
                        () -> folder.get("receipt-signer", () -> SigningKey.generate(new SecureRandom()).secretHex())));
        if (site.production()) {
            WellKnownKeys.refuse("FARTHING_SIGNER_KEY", key);
        }
        return new ReceiptSigner(key, chainId);
    }
}
