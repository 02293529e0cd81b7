package farthing.catalog;

import java.time.Instant;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Table;

import org.hibernate.annotations.Immutable;

import farthing.money.Price;

/** An {@link Offer} as it is stored. */
@Entity
@Immutable
@Table(name = "offer")
class OfferRow {

    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    long id;
    @ManyToOne
    Version version;
    Instant validFrom;
    long perMillionInputTokens;
    long perMillionOutputTokens;
    long perCall;
    long perItem;

    @SuppressWarnings("NullAway.Init")
    protected OfferRow() {
    }

    OfferRow(Version version, Instant validFrom, Price price) {
        this.version = version;
        this.validFrom = validFrom;
        perMillionInputTokens = price.perMillionInputTokens();
        perMillionOutputTokens = price.perMillionOutputTokens();
        perCall = price.perCall();
        perItem = price.perItem();
    }

    Offer offer() {
        return new Offer(new OfferId(id), version.versionId(), validFrom,
                new Price(perMillionInputTokens, perMillionOutputTokens, perCall, perItem));
    }
}
