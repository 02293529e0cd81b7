package farthing.settlement;

import jakarta.inject.Singleton;

/** What the timer does, for tests of other packages. */
@Singleton
public class Settling {

    private final Settler settler;

    Settling(Settler settler) {
        this.settler = settler;
    }

    /** @return whether there was anything to settle */
    public boolean settle() {
        return settler.settle().isPresent();
    }
}
