package farthing.catalog;

/** The 32-bit index that names a version in receipts and on the chain. */
public record VersionId(int value) {
}
