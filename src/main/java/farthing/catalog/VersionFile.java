package farthing.catalog;

import jakarta.persistence.Embeddable;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;

import farthing.artefact.Role;

/** One file of a version; its bytes are kept under the hash. */
@Embeddable
record VersionFile(@Enumerated(EnumType.STRING) Role role, String sha256, long sizeBytes) {
}
