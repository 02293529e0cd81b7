package farthing.web;

/** The link that a page of a {@link Problem} offers. */
public record NextStep(String label, String href) {
}
