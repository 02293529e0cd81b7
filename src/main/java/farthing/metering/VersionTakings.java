package farthing.metering;

import java.util.Collection;

import jakarta.inject.Singleton;

import farthing.catalog.Takings;
import farthing.catalog.VersionId;

/** From the sums of what each charge was divided into: dividing the sum of the charges would give other nanos. */
@Singleton
class VersionTakings implements Takings {

    private final CallFigures figures;

    VersionTakings(CallFigures figures) {
        this.figures = figures;
    }

    @Override
    public Sum of(Collection<VersionId> versions) {
        CallFigures.Sums sums = figures.inAll(versions);
        return new Sum(sums.calls(), sums.charged(), sums.parts());
    }
}
